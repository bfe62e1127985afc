/**
 * Everything the record holds about one attempt, in one request to D1.
 *
 * @module
 */
import { asc, desc, eq, sql } from "drizzle-orm";
import type { StoredAttempt } from "./attempts.ts";
import { type Database, reading } from "./database.ts";
import type { StoredCandidate, StoredDispatch } from "./dispatches.ts";
import type { FlowEventRow } from "./flow-events.ts";
import type { JournalRow, ReportRow, StackRow } from "./rows.ts";
import { attempts, candidates, dispatches, earlierReports, flowEvents, journal, reports, stacks } from "./schema.ts";

export type AttemptRecord = {
  attempt: StoredAttempt;
  timeline: JournalRow[];
  /** Its range-diff one character longer than {@link RANGE_DIFF_READ} where there is more. */
  report: ReportRow | undefined;
  /** Of its results before the last, newest first; their range-diffs are {@link RANGE_DIFF_READ} long at most. */
  earlierReports: ReportRow[];
  dispatches: StoredDispatch[];
  candidates: StoredCandidate[];
  stack: StackRow;
  event: FlowEventRow | undefined;
};

/** Characters of a range-diff that are read with the rest; the whole of it can be most of a megabyte. */
export const RANGE_DIFF_READ = 8000;

/** Facts of a timeline that are read; what an attempt goes through is a few dozen. */
const MOST_FACTS = 500;

/** Earlier reports that are read; what an attempt is handed over again is mostly once. */
const EARLIER_READ = 5;

function shortened({ report }: typeof reports | typeof earlierReports, characters: number) {
  return sql`json_replace(${report}, '$.rangeDiff',
    substr(json_extract(${report}, '$.rangeDiff'), 1, ${characters}))`.mapWith(reports.report);
}

function earlierOf(db: Database, attemptId: string) {
  return db
    .select({
      attemptId: earlierReports.attemptId,
      epoch: earlierReports.epoch,
      at: earlierReports.at,
      report: shortened(earlierReports, RANGE_DIFF_READ),
    })
    .from(earlierReports)
    .where(eq(earlierReports.attemptId, attemptId))
    .orderBy(desc(earlierReports.epoch))
    .limit(EARLIER_READ);
}

/** The report of the last result, whole, and those before it. */
export async function readReports(
  db: Database,
  attemptId: string,
): Promise<{ report: ReportRow | undefined; earlier: ReportRow[] }> {
  const last = db.select().from(reports).where(eq(reports.attemptId, attemptId)).limit(1);
  const [[report], earlier] = await reading(db.batch([last, earlierOf(db, attemptId)]));
  return { report, earlier };
}

export async function readAttemptRecord(db: Database, id: string): Promise<AttemptRecord | undefined> {
  const of = (column: typeof attempts.stackId | typeof attempts.eventId) =>
    sql`(SELECT ${sql.identifier(column.name)} FROM ${attempts} WHERE ${sql.identifier("id")} = ${id})`;
  const [found, timeline, report, earlier, handed, made, [stack], [event]] = await reading(
    db.batch([
      db.select().from(attempts).where(eq(attempts.id, id)).limit(1),
      db.select().from(journal).where(eq(journal.attemptId, id)).orderBy(asc(journal.seq)).limit(MOST_FACTS),
      db
        .select({
          attemptId: reports.attemptId,
          epoch: reports.epoch,
          at: reports.at,
          report: shortened(reports, RANGE_DIFF_READ + 1),
        })
        .from(reports)
        .where(eq(reports.attemptId, id))
        .limit(1),
      earlierOf(db, id),
      db.select().from(dispatches).where(eq(dispatches.attemptId, id)).orderBy(desc(dispatches.position)),
      db.select().from(candidates).where(eq(candidates.attemptId, id)),
      db
        .select()
        .from(stacks)
        .where(eq(stacks.id, of(attempts.stackId)))
        .limit(1),
      db
        .select()
        .from(flowEvents)
        .where(eq(flowEvents.id, of(attempts.eventId)))
        .limit(1),
    ]),
  );
  const [attempt] = found;
  if (attempt === undefined || stack === undefined) return undefined;
  return {
    attempt,
    timeline,
    report: report[0],
    earlierReports: earlier,
    dispatches: handed,
    candidates: made,
    stack,
    event,
  };
}
