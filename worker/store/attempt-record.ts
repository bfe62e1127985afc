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
import { attempts, candidates, dispatches, flowEvents, journal, reports, stacks } from "./schema.ts";

export type AttemptRecord = {
  attempt: StoredAttempt;
  timeline: JournalRow[];
  /** Its range-diff one character longer than {@link RANGE_DIFF_READ} where there is more. */
  report: ReportRow | undefined;
  dispatches: StoredDispatch[];
  candidates: StoredCandidate[];
  stack: StackRow;
  event: FlowEventRow | undefined;
};

/** Characters of a range-diff that are read with the rest; the whole of it can be most of a megabyte. */
export const RANGE_DIFF_READ = 8000;

/** Facts of a timeline that are read; what an attempt goes through is a few dozen. */
const MOST_FACTS = 500;

const shortened = sql`json_replace(${reports.report}, '$.rangeDiff',
  substr(json_extract(${reports.report}, '$.rangeDiff'), 1, ${RANGE_DIFF_READ + 1}))`.mapWith(reports.report);

export async function readAttemptRecord(db: Database, id: string): Promise<AttemptRecord | undefined> {
  const of = (column: typeof attempts.stackId | typeof attempts.eventId) =>
    sql`(SELECT ${sql.identifier(column.name)} FROM ${attempts} WHERE ${sql.identifier("id")} = ${id})`;
  const [found, timeline, report, handed, made, [stack], [event]] = await reading(
    db.batch([
      db.select().from(attempts).where(eq(attempts.id, id)).limit(1),
      db.select().from(journal).where(eq(journal.attemptId, id)).orderBy(asc(journal.seq)).limit(MOST_FACTS),
      db
        .select({ attemptId: reports.attemptId, epoch: reports.epoch, at: reports.at, report: shortened })
        .from(reports)
        .where(eq(reports.attemptId, id))
        .limit(1),
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
  return { attempt, timeline, report: report[0], dispatches: handed, candidates: made, stack, event };
}
