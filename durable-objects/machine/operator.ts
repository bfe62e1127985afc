/**
 * What operators may do to attempts.
 *
 * @module
 */
import { isActive, isTerminal } from "../../worker/contract/attempt.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import { requeue, supersede } from "./hand-out.ts";
import { capabilitiesOf, type IncomingEvent, type Refusal } from "./state.ts";
import { CANCEL_GRACE_MS, iso } from "./timing.ts";

type Outcome = { attempt: AttemptRow; refused: Refusal | null };

const ENDED_BADLY = new Set<AttemptRow["status"]>(["failed", "timed_out", "cancelled", "superseded", "dismissed"]);

/** A new attempt for an event whose last one ended badly. */
export function retry(draft: Draft, event: IncomingEvent, last: AttemptRow | null, actor: string): Outcome | Refusal {
  if (last === null) return { code: "not_retryable", message: "this stack has no attempt for the event yet" };
  const waits = last.status === "blocked" || last.status === "needs_intervention";
  if (!waits && !ENDED_BADLY.has(last.status)) {
    const instead = isTerminal(last.status)
      ? `it ended ${last.status}: use replay to do it again`
      : `it is ${last.status}: wait for it, or cancel it first`;
    return { code: "not_retryable", message: `${last.id} cannot be retried; ${instead}` };
  }
  return again(draft, event, last, "retry", actor);
}

/** A new attempt for an accepted event, whatever came of it. */
export function replay(draft: Draft, event: IncomingEvent, last: AttemptRow | null, actor: string): Outcome {
  return again(draft, event, last, "replay", actor);
}

function again(
  draft: Draft,
  event: IncomingEvent,
  last: AttemptRow | null,
  operation: "retry" | "replay",
  actor: string,
): Outcome {
  const attempt = draft.create(event, operation, "queued", actor);
  const waiting = last === null ? undefined : draft.openAttempt(last.id);
  // One that only waits has nothing left to do; one that a surface holds is let finish first.
  if (waiting !== undefined && !isActive(waiting.status))
    supersede(draft, waiting, attempt, actor, `${operation} asked for by ${actor}; ${attempt.id} takes its place`);
  return { attempt, refused: null };
}

/** The same attempt goes on after a person acted. */
export function resume(
  draft: Draft,
  attempt: AttemptRow,
  note: string,
  resolvedRef: string | undefined,
  actor: string,
): Outcome {
  if (attempt.status !== "needs_intervention")
    return {
      attempt,
      refused: { code: "not_resumable", message: `${attempt.id} is ${attempt.status}; ${insteadOfResume(attempt)}` },
    };
  writeNote(draft, attempt, note, actor, resolvedRef === undefined ? undefined : { resolvedRef });
  const reason = { code: "resumed", message: note };
  const resumed = requeue(draft, attempt, actor, reason, {
    resume: resolvedRef === undefined ? { note } : { note, resolvedRef },
    retries: 0,
    blockedSince: null,
  });
  return { attempt: resumed, refused: null };
}

const ENDED_INSTEAD = "it has ended: use retry or replay on its event";

function insteadOfDismiss(attempt: AttemptRow): string {
  return isTerminal(attempt.status) ? ENDED_INSTEAD : "only an intervention can be dismissed; cancel it instead";
}

function insteadOfResume(attempt: AttemptRow): string {
  if (attempt.status === "blocked") return `it is looked at again by itself at ${attempt.notBefore}; retry does it now`;
  return isTerminal(attempt.status) ? ENDED_INSTEAD : "wait for it, or cancel it";
}

/** A request first: it becomes fact once no runner can report for the attempt any more. */
export function cancel(draft: Draft, attempt: AttemptRow, actor: string): Outcome {
  if (isTerminal(attempt.status))
    return {
      attempt,
      refused: { code: "not_cancellable", message: `${attempt.id} is ${attempt.status}; ${ENDED_INSTEAD}` },
    };
  const reason = { code: "cancelled", message: `cancelled by ${actor}` };
  // Who only reads what a surface does need not wait for anybody to stop.
  if (attempt.status === "running" && capabilitiesOf(attempt).claims) {
    if (attempt.cancelRequested) return { attempt, refused: null };
    draft.write({
      kind: "note",
      actor,
      attemptId: attempt.id,
      epoch: attempt.epoch,
      reason: { code: "cancel_requested", message: "cancel asked for; the runner is told at its next heartbeat" },
    });
    const by = iso(draft.nowMs + CANCEL_GRACE_MS);
    const deadlineAt = attempt.deadlineAt !== null && attempt.deadlineAt < by ? attempt.deadlineAt : by;
    return { attempt: draft.amend(attempt, { cancelRequested: true, deadlineAt }), refused: null };
  }
  if (isActive(attempt.status)) draft.withdraw(attempt, "withdrawn");
  const cancelled = draft.transition(attempt, "cancelled", actor, reason, { epoch: attempt.epoch + 1 });
  return { attempt: cancelled, refused: null };
}

/** A person closes an intervention. */
export function dismiss(draft: Draft, attempt: AttemptRow, note: string, actor: string): Outcome {
  if (attempt.status !== "needs_intervention")
    return {
      attempt,
      refused: {
        code: "not_dismissable",
        message: `${attempt.id} is ${attempt.status}; ${insteadOfDismiss(attempt)}`,
      },
    };
  writeNote(draft, attempt, note, actor);
  const dismissed = draft.transition(attempt, "dismissed", actor, { code: "dismissed", message: note });
  return { attempt: dismissed, refused: null };
}

function writeNote(draft: Draft, attempt: AttemptRow, note: string, actor: string, data?: unknown): void {
  draft.write({
    kind: "note",
    actor,
    attemptId: attempt.id,
    epoch: attempt.epoch,
    reason: { code: "note", message: note },
    ...(data === undefined ? {} : { data }),
  });
}
