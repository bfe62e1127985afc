/**
 * Patch stacks in D1.
 *
 * @module
 */
import { and, asc, desc, eq, isNull, lt, lte } from "drizzle-orm";
import { isOpen } from "./attempts.ts";
import { type Database, reading } from "./database.ts";
import type { AttemptRow, StackRow } from "./rows.ts";
import { attempts, stacks } from "./schema.ts";

/** Deleted ones too: their records stay. */
export async function findStack(db: Database, id: string): Promise<StackRow | undefined> {
  return (await reading(db.select().from(stacks).where(eq(stacks.id, id)).limit(1)))[0];
}

export async function listStacks(db: Database, limit: number, before?: number): Promise<StackRow[]> {
  const where = and(isNull(stacks.deletedAt), before === undefined ? undefined : lt(stacks.position, before));
  return reading(
    db
      .select()
      .from(stacks)
      .where(where)
      .orderBy(desc(stacks.position))
      .limit(limit + 1),
  );
}

/** A stack and its open attempts, as the attempt machine needs them; two statements in one request. */
export async function loadStack(
  db: Database,
  id: string,
): Promise<{ stack: StackRow; open: AttemptRow[] } | undefined> {
  const [found, open] = await reading(
    db.batch([
      db.select().from(stacks).where(eq(stacks.id, id)).limit(1),
      // Sorted below: for the order SQLite would walk the stack's whole history.
      db
        .select()
        .from(attempts)
        .where(and(eq(attempts.stackId, id), isOpen)),
    ]),
  );
  const stack = found[0];
  return stack === undefined ? undefined : { stack, open: open.toSorted((a, b) => a.number - b.number) };
}

/** Stacks whose object should have done something by now. */
export async function overdueStacks(db: Database, now: string, limit: number): Promise<string[]> {
  const rows = await reading(
    db
      .select({ id: stacks.id })
      .from(stacks)
      .where(lte(stacks.nextActionAt, now))
      .orderBy(asc(stacks.nextActionAt))
      .limit(limit),
  );
  return rows.map((row) => row.id);
}

/** When the object next has something to do; null for never. Not part of any decision, so not in the journal. */
export async function setNextAction(db: Database, id: string, at: string | null): Promise<void> {
  await reading(db.update(stacks).set({ nextActionAt: at }).where(eq(stacks.id, id)));
}
