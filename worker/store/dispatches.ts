/**
 * Dispatches and candidates in D1.
 *
 * @module
 */
import { and, asc, desc, eq, lt, sql } from "drizzle-orm";
import { labelSubsets } from "../contract/label-set.ts";
import { type Database, reading, readRow } from "./database.ts";
import { newestOf } from "./merged-pages.ts";
import { type Named, prepared } from "./prepared.ts";
import type { CandidateRow } from "./rows.ts";
import { candidates, dispatches } from "./schema.ts";

export type StoredDispatch = typeof dispatches.$inferSelect;
export type StoredCandidate = typeof candidates.$inferSelect;

export async function listDispatches(
  db: Database,
  filter: { eventId?: string; statuses?: readonly StoredDispatch["status"][] },
  limit: number,
  before?: number,
): Promise<StoredDispatch[]> {
  const where = (status?: StoredDispatch["status"]) =>
    and(
      filter.eventId === undefined ? undefined : eq(dispatches.eventId, filter.eventId),
      status === undefined ? undefined : eq(dispatches.status, status),
      before === undefined ? undefined : lt(dispatches.position, before),
    );
  const statuses = [...new Set(filter.statuses)];
  if (statuses.length < 2) {
    const page = db.select().from(dispatches).where(where(statuses[0]));
    return reading(page.orderBy(desc(dispatches.position)).limit(limit + 1));
  }
  const terms = statuses.map((status) => sql`SELECT * FROM ${dispatches} WHERE ${where(status)}`);
  return (await newestOf(db, terms, limit + 1)).map((row) => readRow(dispatches, row));
}

const waiting = prepared((query, value: Named<"driver" | "sets">, limit) =>
  query
    .select()
    .from(dispatches)
    .where(
      sql`${dispatches.position} IN (
        SELECT w.position FROM json_each(${value("sets")}) AS wanted CROSS JOIN dispatches AS w
        ON w.position IN (
          SELECT position FROM dispatches AS d
          WHERE d.driver = ${value("driver")} AND d.labels = wanted.value AND d.status = 'waiting'
          ORDER BY d.position LIMIT ${limit}))`,
    )
    .orderBy(asc(dispatches.position))
    .limit(limit),
);

/** What waits for a runner with these labels, oldest first. */
export async function waitingDispatches(
  db: Database,
  driver: string,
  labels: readonly string[],
  limit: number,
): Promise<StoredDispatch[]> {
  const subsets = labelSubsets(labels);
  if (subsets !== undefined) {
    // Work wants one of the sets that can be made of the labels: a look into the index for each, so that
    // work for other runners is never read.
    return waiting.all(db, { driver, sets: JSON.stringify(subsets) }, limit);
  }
  const suits = sql`NOT EXISTS (
    SELECT 1 FROM json_each(${dispatches.labels}) WHERE value NOT IN (SELECT value FROM json_each(${JSON.stringify(labels)})))`;
  // The status is written out so that SQLite can use the partial index.
  const where = and(eq(dispatches.driver, driver), sql`status = 'waiting'`, suits);
  return reading(db.select().from(dispatches).where(where).orderBy(asc(dispatches.position)).limit(limit));
}

export async function listCandidates(
  db: Database,
  filter: { stackId?: string },
  limit: number,
  before?: number,
): Promise<StoredCandidate[]> {
  const where = and(
    filter.stackId === undefined ? undefined : eq(candidates.stackId, filter.stackId),
    before === undefined ? undefined : lt(candidates.position, before),
  );
  return reading(
    db
      .select()
      .from(candidates)
      .where(where)
      .orderBy(desc(candidates.position))
      .limit(limit + 1),
  );
}

export async function findCandidate(db: Database, id: string): Promise<StoredCandidate | undefined> {
  return (await reading(db.select().from(candidates).where(eq(candidates.id, id)).limit(1)))[0];
}

/** The branch that an attempt produced. */
export async function branchCandidate(db: Database, attemptId: string): Promise<CandidateRow | undefined> {
  const where = and(eq(candidates.attemptId, attemptId), eq(candidates.kind, "branch"));
  return (await reading(db.select().from(candidates).where(where).orderBy(asc(candidates.position)).limit(1)))[0];
}
