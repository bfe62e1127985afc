/**
 * Commits a decision: the journal rows and everything that follows from them, in one batch.
 *
 * The journal's primary key `(stack_id, seq)` is the lock, and the stack's row says which number is next. A second
 * writer fails whole on them, and after an error that leaves open whether the batch was applied, the journal says.
 *
 * @module
 */
import { and, eq } from "drizzle-orm";
import type { EndedCounts } from "../contract/attempt.ts";
import type { StackConfig } from "../contract/stack.ts";
import {
  commit,
  type Database,
  inList,
  insertRow,
  insertRows,
  reading,
  type Statement,
  statement,
  updateRow,
} from "./database.ts";
import type { AttemptRow, CandidateRow, DispatchRow, JournalRow, OutboxRow, ReportRow, StackRow } from "./rows.ts";
import { answers, attempts, candidates, dispatches, journal, outbox, reports, stacks } from "./schema.ts";

/** The stack's own row after the decision. */
export type StackFields = {
  id: string;
  config: StackConfig;
  paused: boolean;
  deletedAt: string | null;
  journalSeq: number;
  attemptCount: number;
  endedCounts: EndedCounts;
  highestTag: string | null;
  carried: StackRow["carried"];
  channels: StackRow["channels"];
  /** The newest attempt that has not ended. */
  currentAttemptId: string | null;
  nextActionAt: string | null;
};

export type Commit = {
  now: string;
  stack: StackFields;
  /** True when the stack is declared for the first time. */
  insertStack: boolean;
  journal: readonly JournalRow[];
  attempts: readonly AttemptRow[];
  dispatches: readonly DispatchRow[];
  dispatchUpdates: readonly (Pick<DispatchRow, "id"> & Partial<DispatchRow>)[];
  candidates: readonly CandidateRow[];
  landedAttemptIds: readonly string[];
  reports: readonly ReportRow[];
  acceptedEventIds: readonly string[];
  outbox: readonly OutboxRow[];
  redrivenEffectIds: readonly string[];
  /** First answer to a request that may be sent again. */
  answer?: typeof answers.$inferInsert | undefined;
};

export type CommitOutcome =
  | { kind: "committed" }
  /** The same request was answered before. */
  | { kind: "answered" }
  /** Another writer was faster, or D1 was taken back; nothing of this was written. */
  | { kind: "lost_race" }
  /** Storage does not answer, and the journal could not be read either, or says: not written. */
  | { kind: "fault"; message: string };

/** Applies the commit, and finds out what happened when D1 does not say. */
export async function commitDecision(db: Database, commitment: Commit): Promise<CommitOutcome> {
  const failure = await commit(db, statements(db, commitment));
  if (failure === undefined) return { kind: "committed" };
  if (failure.kind === "constraint" && failure.column.startsWith("answers.")) return { kind: "answered" };
  const last = commitment.journal.at(-1);
  if (last === undefined) return { kind: "fault", message: message(failure) };
  try {
    const written = await journalWriter(db, last.stackId, last.seq);
    if (written === last.writer) return { kind: "committed" };
    if (written !== undefined || failure.kind === "constraint" || TAKEN_BACK.test(failure.message))
      return { kind: "lost_race" };
    return { kind: "fault", message: message(failure) };
  } catch (error) {
    return { kind: "fault", message: `${message(failure)}; reading the journal failed too: ${String(error)}` };
  }
}

/** The stack is gone from the record, or not where it was: see {@link afterTheLast}. */
const TAKEN_BACK = /FOREIGN KEY constraint failed|NOT NULL constraint failed: stacks\.journal_seq/;

function message(failure: { kind: "constraint"; column: string } | { kind: "fault"; message: string }): string {
  return failure.kind === "fault" ? failure.message : `constraint on ${failure.column}`;
}

async function journalWriter(db: Database, stackId: string, seq: number): Promise<string | undefined> {
  const where = and(eq(journal.stackId, stackId), eq(journal.seq, seq));
  return (await reading(db.select({ writer: journal.writer }).from(journal).where(where)))[0]?.writer;
}

/**
 * The time given, or that of the next effect of stack `?1` if it is earlier: an effect that could not
 * leave so far must not be forgotten by a commit that knows nothing of it.
 */
function orNextEffect(at: string): string {
  return `(SELECT min(at) FROM (SELECT ${at} AS at
    UNION ALL SELECT min(next_at) FROM outbox WHERE stack_id = ?1 AND status = 'pending'))`;
}

/**
 * Fails the batch, by a NULL where none may be, unless the stack's last journal row is the one before these. A second
 * writer fails on the journal's key; this one fails when D1 was taken back to a time before what is remembered.
 */
function afterTheLast(rows: number): (seq: string) => string {
  return (seq) => `CASE WHEN journal_seq = ${seq} - ${rows} THEN ${seq} END`;
}

/** Columns of attempts that stay as they were made: what is not written costs no index rows. */
const BORN_WITH =
  "stack_id number created_at event_id operation onto onto_sha tag movement lands_attempt_id channel candidate_id prerelease actor".split(
    " ",
  );

const ACCEPTED = `UPDATE deliveries SET status = 'accepted', accepted_at = ?1
  WHERE stack_id = ?2 AND event_id IN (SELECT value FROM json_each(?3))`;

function statements(db: Database, c: Commit): Statement[] {
  const { id, ...fields } = c.stack;
  const list: Statement[] = [];
  const stackRow = { ...c.stack, createdAt: c.now, updatedAt: c.now };
  if (c.insertStack) list.push(insertRow(db, stacks, stackRow));
  // The journal goes before all else: a lost race is then known by the journal's own key.
  list.push(...insertRows(db, journal, c.journal));
  // And a request that comes again by its own, before its effects, whose keys are the same again too.
  if (c.answer !== undefined) list.push(insertRow(db, answers, c.answer));
  if (!c.insertStack) {
    const made = { nextActionAt: orNextEffect, journalSeq: afterTheLast(c.journal.length) };
    list.push(updateRow(db, stacks, id, { ...fields, updatedAt: c.now }, made));
  }
  list.push(...insertRows(db, attempts, c.attempts, { update: ["id"], except: BORN_WITH }));
  list.push(...insertRows(db, reports, c.reports, { update: ["attempt_id"] }));
  list.push(...insertRows(db, dispatches, c.dispatches));
  for (const { id: dispatchId, ...change } of c.dispatchUpdates)
    list.push(updateRow(db, dispatches, dispatchId, change));
  list.push(...insertRows(db, candidates, c.candidates));
  for (const attemptId of c.landedAttemptIds)
    list.push(statement(db, db.update(candidates).set({ landedAt: c.now }).where(eq(candidates.attemptId, attemptId))));
  if (c.acceptedEventIds.length > 0)
    list.push(db.$client.prepare(ACCEPTED).bind(c.now, id, JSON.stringify(c.acceptedEventIds)));
  list.push(...insertRows(db, outbox, c.outbox));
  if (c.redrivenEffectIds.length > 0) {
    const again = { status: "pending" as const, tries: 0, nextAt: c.now };
    const dead = and(inList(outbox.id, c.redrivenEffectIds), eq(outbox.status, "dead"));
    list.push(statement(db, db.update(outbox).set(again).where(dead)));
  }
  return list;
}
