/**
 * What the record holds about an upstream version.
 *
 * @module
 */
import { and, eq, sql } from "drizzle-orm";
import type { StoredAttempt } from "./attempts.ts";
import { type Database, inList, reading } from "./database.ts";
import type { FeedSignalRow } from "./feed-entries.ts";
import { attempts, feedSignals, SIGNAL_VERSION, sourceStacks } from "./schema.ts";

/** Signals of the stack's sources about versions by these names, oldest first: their own, for rows of entries are let go. */
export async function signalsAbout(db: Database, stackId: string, tags: readonly string[]): Promise<FeedSignalRow[]> {
  const rows = await reading(
    db
      .select({ signal: feedSignals })
      .from(sourceStacks)
      .innerJoin(
        feedSignals,
        and(
          eq(feedSignals.sourceId, sourceStacks.sourceId),
          sql`${SIGNAL_VERSION} IN (SELECT value FROM json_each(${JSON.stringify(tags)}))`,
        ),
      )
      .where(eq(sourceStacks.stackId, stackId)),
  );
  // Sorted here: SQLite would rather walk all signals in order than sort a few.
  return rows.map((row) => row.signal).toSorted((a, b) => a.position - b.position);
}

/** Attempts of the stack on these tags, oldest first. */
export async function attemptsOn(db: Database, stackId: string, tags: readonly string[]): Promise<StoredAttempt[]> {
  const movements = tags.map((tag) => `tag:${tag}`);
  const where = and(eq(attempts.stackId, stackId), inList(attempts.movement, movements));
  const rows = await reading(db.select().from(attempts).where(where));
  return rows.toSorted((a, b) => a.position - b.position);
}
