/**
 * Which attempt goes next, and leaving the ways that lead to `queued` again.
 *
 * @module
 */
import { isActive, isMaintenance } from "../../worker/contract/attempt.ts";
import type { Reason } from "../../worker/contract/primitives.ts";
import { surfaceOf } from "../../worker/contract/surface.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import type { StackState } from "./state.ts";
import { earliest, iso, nextActionAt, retryWait } from "./timing.ts";

/** What an attempt loses when a hand-out is over: nothing of it may be mistaken for the next one. */
const UNCLAIMED = { nonce: null, runner: null, leaseUntil: null, deadlineAt: null, cancelRequested: false } as const;

/** Hands out the next attempt when none is active. At most one of a stack is, ever. */
export function handOut(draft: Draft): void {
  const { stack } = draft;
  if (stack.paused || stack.deletedAt !== null || stack.open.some((a) => isActive(a.status))) return;
  const next = pick(draft);
  if (next === undefined) return;
  const { startSeconds } = stack.config.policy.deadlines;
  const surface = surfaceOf(stack.config.policy);
  const dispatched = draft.transition(next, "dispatched", "clock", null, {
    ...UNCLAIMED,
    surface: surface.driver === "pull" ? null : surface,
    notBefore: null,
    deadlineAt: iso(draft.nowMs + startSeconds * 1000),
  });
  draft.dispatch(dispatched);
}

function pick(draft: Draft): AttemptRow | undefined {
  return inTurn(draft.stack).find((a) => a.notBefore === null || a.notBefore <= draft.now);
}

/** Whose turn it is as far as order goes, first ones first; their waits may not be over. */
function inTurn({ open, config }: StackState): AttemptRow[] {
  const isQueued = (a: AttemptRow) => a.status === "queued";
  // Moving a branch takes seconds, and its time has come: it goes before anything new, the maintained one first.
  const landings = open.filter((a) => a.operation === "land" && isQueued(a));
  const promotions = open.filter((a) => a.operation === "promote" && isQueued(a));
  const others = open.filter((a) => isMaintenance(a.operation));
  // In order: an earlier one that waits for a person or for the outside holds up the later ones.
  const next = config.policy.onNewer === "supersede" ? others : others.slice(0, 1);
  return [...landings, ...promotions, ...next.filter(isQueued)];
}

/**
 * When the machine next has something to do about the stack by itself; null if never. A queued
 * attempt that is held up by more than its wait says nothing: looking at it again would not help.
 *
 * @param leases those that heartbeats extended, by attempt id
 * @param looks when surfaces are asked next, by attempt id
 */
export function stackActionAt(
  stack: StackState,
  leases: Readonly<Record<string, string>> = {},
  looks: Readonly<Record<string, string>> = {},
): string | null {
  const heldUp = stack.paused || stack.deletedAt !== null || stack.open.some((a) => isActive(a.status));
  const waiting = heldUp ? [] : inTurn(stack);
  const others = stack.open.filter((a) => a.status !== "queued");
  return earliest(
    [...waiting, ...others].map((a) => nextActionAt({ ...a, leaseUntil: leases[a.id] ?? a.leaseUntil }, looks[a.id])),
  );
}

/** Back to `queued` under a new epoch: whoever holds the old one is fenced off from here on. */
export function requeue(
  draft: Draft,
  attempt: AttemptRow,
  actor: string,
  reason: Reason,
  change: Partial<AttemptRow> = {},
): AttemptRow {
  return draft.transition(attempt, "queued", actor, reason, {
    ...UNCLAIMED,
    notBefore: null,
    epoch: attempt.epoch + 1,
    ...change,
  });
}

/** After an infrastructure fault: again after a wait, or the end of the budget. */
export function retryAutomatically(draft: Draft, attempt: AttemptRow, actor: string, cause: Reason): AttemptRow {
  const budget = draft.stack.config.policy.automaticRetries;
  if (attempt.retries >= budget) {
    return draft.transition(attempt, "timed_out", actor, {
      code: "retries_spent",
      message: `${cause.message}; all ${budget} automatic retries are used up`,
    });
  }
  const retry = attempt.retries + 1;
  const notBefore = iso(draft.nowMs + retryWait(attempt.id, retry));
  return requeue(draft, attempt, actor, cause, { retries: retry, notBefore });
}

/** Ends an open attempt because another takes its place. */
export function supersede(draft: Draft, attempt: AttemptRow, by: AttemptRow, actor: string, why: string): void {
  if (isActive(attempt.status)) draft.withdraw(attempt, "withdrawn");
  draft.transition(
    attempt,
    "superseded",
    actor,
    { code: "superseded", message: why },
    { relatedAttemptId: by.id, epoch: isActive(attempt.status) ? attempt.epoch + 1 : attempt.epoch },
  );
}
