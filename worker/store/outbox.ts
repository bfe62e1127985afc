/**
 * Effects waiting to leave.
 *
 * @module
 */
import { and, asc, eq, lte } from "drizzle-orm";
import { type Database, reading, updateRow } from "./database.ts";
import { type Named, prepared } from "./prepared.ts";
import type { OutboxRow } from "./rows.ts";
import { outbox } from "./schema.ts";

const due = prepared((query, value: Named<"stackId" | "now">, limit) =>
  query
    .select()
    .from(outbox)
    .where(and(eq(outbox.stackId, value("stackId")), lte(outbox.nextAt, value("now")), eq(outbox.status, "pending")))
    .orderBy(asc(outbox.nextAt))
    .limit(limit),
);

const next = prepared((query, value: Named<"stackId">) =>
  query
    .select({ at: outbox.nextAt })
    .from(outbox)
    .where(and(eq(outbox.stackId, value("stackId")), eq(outbox.status, "pending")))
    .orderBy(asc(outbox.nextAt))
    .limit(1),
);

export async function dueEffects(db: Database, stackId: string, now: string, limit: number): Promise<OutboxRow[]> {
  return due.all(db, { stackId, now }, limit);
}

/** When the next effect of a stack may be tried; null when none waits. */
export async function nextEffectAt(db: Database, stackId: string): Promise<string | null> {
  return (await next.first(db, { stackId }))?.at ?? null;
}

const TAKEN = `UPDATE "outbox" SET "tries" = ?1 + 1, "next_at" = ?2
  WHERE "id" = ?3 AND "tries" = ?1 AND "status" = 'pending'`;

/** Counts a try before it is made; false when somebody else was faster, or it has left. */
export async function takeEffect(db: Database, { id, tries }: OutboxRow, nextAt: string): Promise<boolean> {
  return (await reading(db.$client.prepare(TAKEN).bind(tries, nextAt, id).run())).meta.changes === 1;
}

const POSTPONED = `UPDATE "outbox" SET "next_at" = ?1, "last_error" = ?2
  WHERE "id" = ?3 AND "tries" = ?4 AND "status" = 'pending'`;

/** Leaves a try that was taken without an outcome for later, unless somebody else has taken the next one. */
export async function postponeEffect(
  db: Database,
  id: string,
  tries: number,
  nextAt: string,
  lastError: string,
): Promise<void> {
  await reading(db.$client.prepare(POSTPONED).bind(nextAt, lastError, id, tries).run());
}

/** Not tried yet, and nothing leaves with it yet. */
const UNTOUCHED = "status = 'pending' AND tries = 0 AND json_type(payload, '$.others') IS NULL";

const FOLDED = `UPDATE outbox SET status = 'folded', payload = json_set(payload, '$.leavesWith', ?1)
  WHERE id IN (SELECT value FROM json_each(?2)) AND ${UNTOUCHED}
    AND EXISTS (SELECT 1 FROM outbox WHERE id = ?1 AND ${UNTOUCHED})`;

const GATHERED = `UPDATE outbox SET payload = json_set(payload, '$.others', json((SELECT json_group_array(json(payload)) FROM (
    SELECT payload FROM outbox WHERE id IN (SELECT value FROM json_each(?2))
      AND status = 'folded' AND json_extract(payload, '$.leavesWith') = ?1))))
  WHERE id = ?1 AND ${UNTOUCHED}`;

/**
 * Lets `others` leave with the effect `id`, in one transaction and once: what a message holds is settled before its
 * first try, so that it is the same message under the same id however often it is tried. Gives the effect as the
 * record has it then; undefined when it leaves with another one, or has left.
 */
export async function foldEffects(db: Database, id: string, others: readonly string[]): Promise<OutboxRow | undefined> {
  const ids = JSON.stringify(others);
  const bound = [FOLDED, GATHERED].map((text) => db.$client.prepare(text).bind(id, ids));
  await reading(db.$client.batch(bound));
  const where = and(eq(outbox.id, id), eq(outbox.status, "pending"));
  return (await reading(db.select().from(outbox).where(where).limit(1)))[0];
}

/** What came of trying an effect. */
export async function settleEffect(
  db: Database,
  id: string,
  change: Partial<Pick<OutboxRow, "status" | "tries" | "nextAt" | "lastError">>,
): Promise<void> {
  await reading(updateRow(db, outbox, id, change).run());
}
