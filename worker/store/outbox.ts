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

/** What came of trying an effect. */
export async function settleEffect(
  db: Database,
  id: string,
  change: Partial<Pick<OutboxRow, "status" | "tries" | "nextAt" | "lastError">>,
): Promise<void> {
  await reading(updateRow(db, outbox, id, change).run());
}
