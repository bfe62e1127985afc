/**
 * Registered runners in D1. Their secrets are derived, never stored.
 *
 * @module
 */
import { desc, eq, lt, sql } from "drizzle-orm";
import { type Database, reading } from "./database.ts";
import { runners } from "./schema.ts";

export type RunnerRow = typeof runners.$inferSelect;

/** How often `lastSeenAt` is written for a runner that polls all day, milliseconds. */
const TOUCH_EVERY = 60_000;

export async function findRunner(db: Database, name: string): Promise<RunnerRow | undefined> {
  return (await reading(db.select().from(runners).where(eq(runners.name, name)).limit(1)))[0];
}

export async function touchRunner(db: Database, runner: RunnerRow, version: string, now: string): Promise<void> {
  const fresh = runner.lastSeenAt !== null && Date.parse(now) - Date.parse(runner.lastSeenAt) < TOUCH_EVERY;
  if (fresh && runner.version === version) return;
  await reading(db.update(runners).set({ lastSeenAt: now, version }).where(eq(runners.name, runner.name)));
}

export async function listRunners(db: Database, limit: number, before?: number): Promise<RunnerRow[]> {
  const where = before === undefined ? undefined : lt(runners.position, before);
  return reading(
    db
      .select()
      .from(runners)
      .where(where)
      .orderBy(desc(runners.position))
      .limit(limit + 1),
  );
}

/** False when the name is taken. */
export async function insertRunner(db: Database, row: typeof runners.$inferInsert): Promise<boolean> {
  const inserted = await reading(
    db.insert(runners).values(row).onConflictDoNothing().returning({ name: runners.name }),
  );
  return inserted.length > 0;
}

/** Gives a runner a new key; the one it had stays good until `previousUntil`. Undefined when there is none. */
export async function rotateRunner(
  db: Database,
  name: string,
  keyId: string,
  previousUntil: string,
): Promise<RunnerRow | undefined> {
  const rotated = await reading(
    db
      .update(runners)
      // SQLite reads the row as it was: this keeps the key that goes.
      .set({ keyId, previousKeyId: sql`${runners.keyId}`, previousUntil })
      .where(eq(runners.name, name))
      .returning(),
  );
  return rotated[0];
}

/** False when there was none. */
export async function deleteRunner(db: Database, name: string): Promise<boolean> {
  return (await reading(db.delete(runners).where(eq(runners.name, name)).returning({ name: runners.name }))).length > 0;
}
