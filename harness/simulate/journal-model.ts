/**
 * The stacks as their journals alone tell them, and what a journal may not tell.
 *
 * @module
 */
import { type AttemptOperation, type AttemptStatus, isActive, isTerminal } from "../../worker/contract/attempt.ts";

/** A journal row as SQLite gives it. */
export type StoredJournalRow = {
  n: number;
  stack_id: string;
  seq: number;
  actor: string;
  command: string;
  kind: string;
  attempt_id: string | null;
  epoch: number | null;
  from_status: AttemptStatus | null;
  to_status: AttemptStatus | null;
  reason: string | null;
  data: string | null;
};

export type KnownAttempt = {
  id: string;
  stackId: string;
  eventId: string;
  operation: AttemptOperation;
  status: AttemptStatus;
  epoch: number;
  /** Automatic retries since a person last looked. */
  retries: number;
  /** Epochs under which it was handed out. */
  handedOut: Set<number>;
};

export type Problem = { invariant: Invariant; message: string };

export type Invariant =
  | "journal has no gaps"
  | "transitions are legal"
  | "terminal states never change"
  | "each hand-out has its own epoch"
  | "one active attempt"
  | "journal equals rows"
  | "one maintain attempt per event"
  | "a movement is acted on once"
  | "an entry has its event"
  | "a source is in one batch"
  | "no effect without record"
  | "one id, one message"
  | "acknowledged is recorded"
  | "only the runner extends its lease"
  | "one claim per hand-out"
  | "one answer per key"
  | "what landed is on the branch"
  | "checks were green before it landed"
  | "nothing is sent twice unseen"
  | "what was promoted is on the channel"
  | "what a surface lost is missed"
  | "everything settles"
  | "no exception but storage faults";

/** Where each state may go; the table of the protocol. */
const LEGAL: Readonly<Partial<Record<AttemptStatus, readonly AttemptStatus[]>>> = {
  queued: ["dispatched", "blocked", "superseded", "cancelled", "skipped"],
  dispatched: ["running", "queued", "timed_out", "cancelled", "superseded"],
  running: [
    ...(["changed", "completed", "skipped", "needs_intervention", "blocked", "failed"] as const),
    ...(["queued", "timed_out", "cancelled", "superseded"] as const),
  ],
  blocked: ["queued", "needs_intervention", "cancelled", "superseded"],
  needs_intervention: ["queued", "dismissed", "superseded", "cancelled"],
};

export class JournalModel {
  private readonly attempts = new Map<string, KnownAttempt>();
  private readonly byStack = new Map<string, KnownAttempt[]>();
  private readonly seqs = new Map<string, number>();

  find(id: string): KnownAttempt | undefined {
    return this.attempts.get(id);
  }

  /** By number. */
  attemptsOf(stackId: string): readonly KnownAttempt[] {
    return this.byStack.get(stackId) ?? [];
  }

  activeOf(stackId: string): readonly KnownAttempt[] {
    return this.attemptsOf(stackId).filter((attempt) => isActive(attempt.status));
  }

  /** Every hand-out there ever was of attempts that are open. */
  handOuts(): { id: string; epoch: number }[] {
    const open = [...this.attempts.values()].filter(({ status }) => !isTerminal(status));
    return open.flatMap(({ id, handedOut }) => [...handedOut].map((epoch) => ({ id, epoch })));
  }

  /** Whether that hand-out of the attempt is the one that counts. */
  holds(id: string, epoch: number): boolean {
    const attempt = this.attempts.get(id);
    return attempt !== undefined && attempt.epoch === epoch && isActive(attempt.status);
  }

  seqOf(stackId: string): number {
    return this.seqs.get(stackId) ?? 0;
  }

  /** Takes in the next row; says what is wrong with it. */
  apply(row: StoredJournalRow): Problem | undefined {
    const expected = this.seqOf(row.stack_id) + 1;
    this.seqs.set(row.stack_id, row.seq);
    if (row.seq !== expected)
      return {
        invariant: "journal has no gaps",
        message: `${row.stack_id}: row ${row.seq} where ${expected} was to come`,
      };
    if (row.kind === "created") return this.create(row);
    if (row.kind === "transition") return this.transition(row);
    return undefined;
  }

  private create(row: StoredJournalRow): Problem | undefined {
    const attempts = this.byStack.get(row.stack_id) ?? [];
    this.byStack.set(row.stack_id, attempts);
    const id = `${row.stack_id}.${attempts.length + 1}`;
    const { eventId, operation } = JSON.parse(row.data ?? "{}") as { eventId: string; operation: AttemptOperation };
    const status = row.to_status ?? "queued";
    const attempt = { id, stackId: row.stack_id, eventId, operation, status, epoch: row.epoch ?? 0, retries: 0 };
    const known = { ...attempt, handedOut: new Set<number>() };
    attempts.push(known);
    this.attempts.set(id, known);
    if (row.attempt_id === id && row.epoch === 1) return undefined;
    return { invariant: "transitions are legal", message: `${row.attempt_id} was made where ${id} was to come` };
  }

  private transition(row: StoredJournalRow): Problem | undefined {
    const { from_status: from, to_status: to, epoch } = row;
    const attempt = this.attempts.get(row.attempt_id ?? "");
    if (attempt === undefined || to === null || from === null || epoch === null)
      return { invariant: "transitions are legal", message: `row ${row.seq} moves no attempt that was made` };
    const before = { ...attempt };
    attempt.status = to;
    attempt.epoch = epoch;
    attempt.retries = retriesAfter(before.retries, row);
    const step = `${row.attempt_id}: ${before.status} -> ${to} (told as from ${from})`;
    if (isTerminal(before.status)) return { invariant: "terminal states never change", message: step };
    if (from !== before.status || LEGAL[from]?.includes(to) !== true)
      return { invariant: "transitions are legal", message: step };
    return this.epochProblem(before, attempt, step);
  }

  private epochProblem(before: KnownAttempt, after: KnownAttempt, step: string): Problem | undefined {
    const message = `${step}, epoch ${before.epoch} -> ${after.epoch}`;
    const wrong = { invariant: "each hand-out has its own epoch", message } as const;
    if (after.epoch < before.epoch || after.epoch > before.epoch + 1) return wrong;
    if (after.status === "queued" && after.epoch !== before.epoch + 1) return wrong;
    if (isActive(after.status) && after.epoch !== before.epoch) return wrong;
    if (after.status !== "dispatched") return undefined;
    if (after.handedOut.has(after.epoch)) return wrong;
    after.handedOut.add(after.epoch);
    return undefined;
  }
}

/** Automatic retries used after the row: only a person gives them back. */
function retriesAfter(retries: number, row: StoredJournalRow): number {
  if (row.to_status !== "queued") return retries;
  const { code } = JSON.parse(row.reason ?? "{}") as { code?: string };
  if (code === "resumed") return 0;
  return code === "unblocked" || code === "checks_passed" || code === "not_taken" || code === "runner_stopped"
    ? retries
    : retries + 1;
}
