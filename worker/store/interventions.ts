/**
 * What waits for a person, from each place where it is kept; each list is served by its own index.
 *
 * @module
 */
import { and, asc, eq, sql } from "drizzle-orm";
import { z } from "zod";
import { Reason } from "../contract/primitives.ts";
import { type Database, reading } from "./database.ts";
import type { OutboxRow } from "./rows.ts";
import { outbox } from "./schema.ts";

/** Where a page goes on in one of the lists: after this row. */
export type After = { since: string; id: string };
export type Places = Partial<Record<WaitingRow["kind"], After>>;

const SourceError = z.object({ code: z.string(), message: z.string() });
const jsonText = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema)
    .nullable();

const WaitingRow = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("attempt"),
    id: z.string(),
    since: z.string(),
    stackId: z.string(),
    because: jsonText(Reason),
    eventId: z.string(),
  }),
  z.object({
    kind: z.literal("effect"),
    id: z.string(),
    since: z.string(),
    stackId: z.string(),
    attemptId: z.string().nullable(),
    because: z.string().nullable(),
    effectKind: z.string(),
    tries: z.number(),
  }),
  z.object({
    kind: z.literal("source"),
    id: z.string(),
    since: z.string(),
    because: jsonText(SourceError),
    url: z.string(),
  }),
]);

/** Something that waits for a person, with as much of its record as tells what it is. */
export type WaitingRow = z.infer<typeof WaitingRow>;

const SINCE_SOURCE = "CASE WHEN last_success_at IS NULL THEN created_at ELSE last_success_at END";

/** Each term walks its own partial index in order, and SQLite merges them: a page reads its own length. */
export const WAITING_PAGE = `
  SELECT 'attempt' AS kind, id, updated_at AS since, stack_id AS stackId, id AS attemptId, reason AS because,
    event_id AS eventId, NULL AS effectKind, NULL AS tries, NULL AS url
  FROM maintenance_attempts INDEXED BY attempts_waiting_since
  WHERE status = 'needs_intervention' AND (updated_at, id) > (?1, ?2)
  UNION ALL
  SELECT 'effect', id, created_at, stack_id, attempt_id, last_error, NULL, kind, tries, NULL
  FROM outbox INDEXED BY outbox_dead_since
  WHERE status = 'dead' AND (created_at, id) > (?3, ?4)
  UNION ALL
  SELECT 'source', id, ${SINCE_SOURCE}, NULL, NULL, last_error, NULL, NULL, NULL, json_extract(config, '$.url')
  FROM feed_sources INDEXED BY feed_sources_failing_since
  WHERE consecutive_failures > 0 AND ${SINCE_SOURCE} < ?7 AND (${SINCE_SOURCE}, id) > (?5, ?6)
  ORDER BY since, id LIMIT ?8`;

/**
 * What waits for a person, oldest first: attempts, effects that were given up, and sources without one
 * good poll since `failingBefore` (ISO 8601).
 */
export async function listWaiting(
  db: Database,
  failingBefore: string,
  limit: number,
  after: Places,
): Promise<WaitingRow[]> {
  const places = (["attempt", "effect", "source"] as const).flatMap((kind) => [
    after[kind]?.since ?? "",
    after[kind]?.id ?? "",
  ]);
  const query = db.$client.prepare(WAITING_PAGE).bind(...places, failingBefore, limit);
  return WaitingRow.array().parse((await reading(query.all())).results);
}

export async function findEffect(db: Database, id: string): Promise<OutboxRow | undefined> {
  return (await reading(db.select().from(outbox).where(eq(outbox.id, id)).limit(1)))[0];
}

export type DeadLetter = Pick<OutboxRow, "id" | "stackId" | "attemptId" | "kind" | "lastError" | "tries" | "createdAt">;

/** Effects that were given up, oldest first. */
export async function listDeadLetters(db: Database, limit: number, after: After): Promise<DeadLetter[]> {
  const { id, stackId, attemptId, kind, lastError, tries, createdAt } = outbox;
  return reading(
    db
      .select({ id, stackId, attemptId, kind, lastError, tries, createdAt })
      .from(outbox)
      // The status is written out so that SQLite can use the partial index.
      .where(and(sql`status = 'dead'`, sql`(${createdAt}, ${id}) > (${after.since}, ${after.id})`))
      .orderBy(asc(createdAt), asc(id))
      .limit(limit),
  );
}
