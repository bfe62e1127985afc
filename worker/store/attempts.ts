/**
 * Maintenance attempts in D1.
 *
 * @module
 */
import { and, asc, desc, eq, lt, notInArray, type SQL, sql } from "drizzle-orm";
import type { AttemptStatus } from "../contract/attempt.ts";
import { type Database, inList, reading, readRow } from "./database.ts";
import { newestOf } from "./merged-pages.ts";
import { type Named, prepared } from "./prepared.ts";
import type { JournalRow, ReportRow } from "./rows.ts";
import { attempts, candidates, journal, reports } from "./schema.ts";

export type StoredAttempt = typeof attempts.$inferSelect;

/** Written exactly as in the partial index, or SQLite would not use it. */
export const isOpen: SQL = sql`status IN ('queued','dispatched','running','blocked','needs_intervention')`;

/** Promotions that are looked at for where a channel may stand. */
const LOOK_BACK = 20;

export type AttemptFilter = { eventId?: string; stackId?: string; statuses?: readonly AttemptStatus[] };

/** Newest first; one row more than asked tells that there is a next page. */
export async function listAttempts(
  db: Database,
  filter: AttemptFilter,
  limit: number,
  before?: number,
): Promise<StoredAttempt[]> {
  const where = (status?: AttemptStatus) =>
    and(
      filter.eventId === undefined ? undefined : eq(attempts.eventId, filter.eventId),
      filter.stackId === undefined ? undefined : eq(attempts.stackId, filter.stackId),
      status === undefined ? undefined : eq(attempts.status, status),
      before === undefined ? undefined : lt(attempts.position, before),
    );
  const statuses = [...new Set(filter.statuses)];
  if (statuses.length < 2) {
    const page = db.select().from(attempts).where(where(statuses[0]));
    return reading(page.orderBy(desc(attempts.position)).limit(limit + 1));
  }
  const terms = statuses.map((status) => sql`SELECT * FROM ${attempts} WHERE ${where(status)}`);
  return (await newestOf(db, terms, limit + 1)).map((row) => readRow(attempts, row));
}

const byId = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(attempts)
    .where(eq(attempts.id, value("id")))
    .limit(1),
);

const byNonce = prepared((query, value: Named<"nonce">) =>
  query
    .select()
    .from(attempts)
    .where(eq(attempts.nonce, value("nonce")))
    .limit(1),
);

export async function findAttempt(db: Database, id: string): Promise<StoredAttempt | undefined> {
  return byId.first(db, { id });
}

/** The attempt that the claim with this nonce holds. */
export async function findClaimed(db: Database, nonce: string): Promise<StoredAttempt | undefined> {
  return byNonce.first(db, { nonce });
}

/** When the stack's attempts on these events were made. */
export async function attemptTimes(
  db: Database,
  stackId: string,
  eventIds: readonly string[],
): Promise<{ eventId: string; createdAt: string }[]> {
  const { eventId, createdAt } = attempts;
  const where = and(inList(eventId, eventIds), eq(attempts.stackId, stackId));
  return reading(db.select({ eventId, createdAt }).from(attempts).where(where));
}

/** Last attempt of an event in a stack; landings and promotions do not count. */
export async function lastAttempt(db: Database, eventId: string, stackId: string): Promise<StoredAttempt | undefined> {
  const where = and(
    eq(attempts.eventId, eventId),
    eq(attempts.stackId, stackId),
    notInArray(attempts.operation, ["land", "promote"]),
  );
  return (await reading(db.select().from(attempts).where(where).orderBy(desc(attempts.position)).limit(1)))[0];
}

/**
 * What was last to be promoted to a channel, newest first. Any of it may stand there: pushed by a runner that nobody
 * heard, or one that woke after its work had been given to another.
 */
export async function lastPromoted(db: Database, stackId: string, channel: string): Promise<string[]> {
  const where = and(eq(attempts.stackId, stackId), eq(attempts.channel, channel));
  const rows = await reading(
    db
      .select({ oid: candidates.oid })
      .from(attempts)
      .innerJoin(candidates, eq(candidates.id, attempts.candidateId))
      .where(where)
      .orderBy(desc(attempts.number))
      .limit(LOOK_BACK),
  );
  return rows.map(({ oid }) => oid);
}

export async function readTimeline(db: Database, attemptId: string): Promise<JournalRow[]> {
  return reading(db.select().from(journal).where(eq(journal.attemptId, attemptId)).orderBy(asc(journal.seq)));
}

/** Rows of evidence on an attempt's timeline, counted up to `most`. */
export async function countEvidence(db: Database, attemptId: string, most: number): Promise<number> {
  const where = and(eq(journal.attemptId, attemptId), eq(journal.kind, "evidence"));
  return (await reading(db.select({ seq: journal.seq }).from(journal).where(where).limit(most))).length;
}

export async function findReport(db: Database, attemptId: string): Promise<ReportRow | undefined> {
  return (await reading(db.select().from(reports).where(eq(reports.attemptId, attemptId)).limit(1)))[0];
}

/** Where the maintained branch stood by an attempt's report; without reading the rest of it, which can be large. */
export async function reportedHead(db: Database, attemptId: string): Promise<string | null> {
  const head = sql<string | null>`json_extract(${reports.report}, '$.head.oid')`;
  const where = eq(reports.attemptId, attemptId);
  return (await reading(db.select({ head }).from(reports).where(where).limit(1)))[0]?.head ?? null;
}
