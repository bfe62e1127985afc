/**
 * Effects waiting to leave.
 *
 * @module
 */
import { and, asc, eq, lte, sql } from "drizzle-orm";
import { type Database, reading } from "./database.ts";
import type { OutboxRow } from "./rows.ts";
import { outbox } from "./schema.ts";

export async function dueEffects(db: Database, stackId: string, now: string, limit: number): Promise<OutboxRow[]> {
  const where = and(eq(outbox.stackId, stackId), lte(outbox.nextAt, now), sql`status = 'pending'`);
  return reading(db.select().from(outbox).where(where).orderBy(asc(outbox.nextAt)).limit(limit));
}

/** When the next effect of a stack may be tried; null when none waits. */
export async function nextEffectAt(db: Database, stackId: string): Promise<string | null> {
  const where = and(eq(outbox.stackId, stackId), sql`status = 'pending'`);
  const rows = await reading(
    db.select({ at: outbox.nextAt }).from(outbox).where(where).orderBy(asc(outbox.nextAt)).limit(1),
  );
  return rows[0]?.at ?? null;
}

/** What came of trying an effect. */
export async function settleEffect(
  db: Database,
  id: string,
  change: Partial<Pick<OutboxRow, "status" | "tries" | "nextAt" | "lastError">>,
): Promise<void> {
  await reading(db.update(outbox).set(change).where(eq(outbox.id, id)));
}
