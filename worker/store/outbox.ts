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

/** What came of trying an effect. */
export async function settleEffect(
  db: Database,
  id: string,
  change: Partial<Pick<OutboxRow, "status" | "tries" | "nextAt" | "lastError">>,
): Promise<void> {
  await reading(updateRow(db, outbox, id, change).run());
}
