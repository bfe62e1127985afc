/**
 * Maintenance attempts in D1.
 *
 * @module
 */
import { and, asc, desc, eq, lt, ne, type SQL, sql } from "drizzle-orm";
import type { AttemptStatus } from "../contract/attempt.ts";
import { type Database, inList, reading } from "./database.ts";
import type { JournalRow, ReportRow } from "./rows.ts";
import { attempts, journal, reports } from "./schema.ts";

export type StoredAttempt = typeof attempts.$inferSelect;

/** Written exactly as in the partial index, or SQLite would not use it. */
export const isOpen: SQL = sql`status IN ('queued','dispatched','running','blocked','needs_intervention')`;

export type AttemptFilter = { eventId?: string; stackId?: string; statuses?: readonly AttemptStatus[] };

/** Newest first; one row more than asked tells that there is a next page. */
export async function listAttempts(
  db: Database,
  filter: AttemptFilter,
  limit: number,
  before?: number,
): Promise<StoredAttempt[]> {
  const statuses = filter.statuses;
  // One status at a time keeps the page a walk along one index, whatever the size of the table.
  if (statuses !== undefined && statuses.length > 1) {
    const pages = await Promise.all(
      statuses.map((status) => listAttempts(db, { ...filter, statuses: [status] }, limit, before)),
    );
    return pages
      .flat()
      .toSorted((a, b) => b.position - a.position)
      .slice(0, limit + 1);
  }
  const status = statuses?.[0];
  const where = and(
    filter.eventId === undefined ? undefined : eq(attempts.eventId, filter.eventId),
    filter.stackId === undefined ? undefined : eq(attempts.stackId, filter.stackId),
    status === undefined ? undefined : eq(attempts.status, status),
    before === undefined ? undefined : lt(attempts.position, before),
  );
  return reading(
    db
      .select()
      .from(attempts)
      .where(where)
      .orderBy(desc(attempts.position))
      .limit(limit + 1),
  );
}

export async function findAttempt(db: Database, id: string): Promise<StoredAttempt | undefined> {
  return (await reading(db.select().from(attempts).where(eq(attempts.id, id)).limit(1)))[0];
}

/** The attempt that the claim with this nonce holds. */
export async function findClaimed(db: Database, nonce: string): Promise<StoredAttempt | undefined> {
  return (await reading(db.select().from(attempts).where(eq(attempts.nonce, nonce)).limit(1)))[0];
}

/** Last attempt of an event in a stack; landings do not count. */
export async function lastAttempt(db: Database, eventId: string, stackId: string): Promise<StoredAttempt | undefined> {
  const where = and(eq(attempts.eventId, eventId), eq(attempts.stackId, stackId), ne(attempts.operation, "land"));
  return (await reading(db.select().from(attempts).where(where).orderBy(desc(attempts.position)).limit(1)))[0];
}

/** For each movement the first attempt of the stack on it that was not skipped. */
export async function firstAttemptsOn(
  db: Database,
  stackId: string,
  movements: readonly string[],
): Promise<Map<string, string>> {
  const where = and(
    eq(attempts.stackId, stackId),
    inList(attempts.movement, movements),
    ne(attempts.status, "skipped"),
  );
  const rows = await reading(
    db
      .select({ id: attempts.id, movement: attempts.movement })
      .from(attempts)
      .where(where)
      .orderBy(asc(attempts.position)),
  );
  const first = new Map<string, string>();
  for (const row of rows) if (!first.has(row.movement)) first.set(row.movement, row.id);
  return first;
}

export async function readTimeline(db: Database, attemptId: string): Promise<JournalRow[]> {
  return reading(db.select().from(journal).where(eq(journal.attemptId, attemptId)).orderBy(asc(journal.seq)));
}

export async function findReport(db: Database, attemptId: string): Promise<ReportRow | undefined> {
  return (await reading(db.select().from(reports).where(eq(reports.attemptId, attemptId)).limit(1)))[0];
}

/** The newest open attempt of each stack. */
export async function currentAttempts(db: Database, stackIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await reading(
    db
      .select({ id: attempts.id, stackId: attempts.stackId })
      .from(attempts)
      .where(and(inList(attempts.stackId, stackIds), isOpen))
      .orderBy(asc(attempts.number)),
  );
  return new Map(rows.map((row) => [row.stackId, row.id]));
}
