/**
 * What waits for a person, from each place where it is kept; each list is served by its own index.
 *
 * @module
 */
import { and, asc, eq, gt, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { StoredAttempt } from "./attempts.ts";
import { type Database, reading } from "./database.ts";
import type { FeedSourceRow } from "./feed-sources.ts";
import type { OutboxRow } from "./rows.ts";
import { attempts, feedSources, outbox } from "./schema.ts";

/** Where a page of interventions begins: after this one. */
export type After = { since: string; id: string };

export async function waitingAttempts(db: Database, limit: number, after?: After): Promise<StoredAttempt[]> {
  // The status is written out so that SQLite can use the partial index.
  const where = and(sql`status = 'needs_intervention'`, later(attempts.updatedAt, attempts.id, after));
  return reading(
    db.select().from(attempts).where(where).orderBy(asc(attempts.updatedAt), asc(attempts.id)).limit(limit),
  );
}

export async function deadEffects(db: Database, limit: number, after?: After): Promise<OutboxRow[]> {
  const where = and(sql`status = 'dead'`, later(outbox.createdAt, outbox.id, after));
  return reading(db.select().from(outbox).where(where).orderBy(asc(outbox.createdAt), asc(outbox.id)).limit(limit));
}

/** Sources without one good poll since `before` (ISO 8601). */
export async function failingSources(
  db: Database,
  before: string,
  limit: number,
  after?: After,
): Promise<FeedSourceRow[]> {
  const since = sql<string>`coalesce(${feedSources.lastSuccessAt}, ${feedSources.createdAt})`;
  const where = and(sql`consecutive_failures > 0`, sql`${since} < ${before}`, later(since, feedSources.id, after));
  return reading(db.select().from(feedSources).where(where).orderBy(asc(since), asc(feedSources.id)).limit(limit));
}

export async function findEffect(db: Database, id: string): Promise<OutboxRow | undefined> {
  return (await reading(db.select().from(outbox).where(eq(outbox.id, id)).limit(1)))[0];
}

function later(since: SQLiteColumn | SQL<string>, id: SQLiteColumn, after: After | undefined): SQL | undefined {
  if (after === undefined) return undefined;
  return or(sql`${since} > ${after.since}`, and(sql`${since} = ${after.since}`, gt(id, after.id)));
}
