/**
 * A landing that waits for the forge's own checks on its candidate: `blocked`, with a deadline, which no
 * other blocked attempt has. Green hands it out, red and the deadline ask a person.
 *
 * @module
 */

import type { ChecksAnswer } from "../../worker/review/check-verdict.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import { requeue } from "./hand-out.ts";
import type { IncomingEvent } from "./state.ts";
import { iso } from "./timing.ts";

const ACTOR = "checks";

/** Before this age of a landing checks may still be on their way to the forge; those that are required are named. */
const SETTLE_MS = 120_000;

/** Starts a landing of what the attempt made, and takes it out of the way of older ones by the policy. */
export function landAfterChecks(draft: Draft, attempt: AttemptRow, event: IncomingEvent): void {
  const { checksSeconds } = draft.stack.config.policy.deadlines;
  const created = draft.create(event, "land", "blocked", "policy", {
    landsAttemptId: attempt.id,
    reason: { code: "checks_pending", message: "waits for the forge's checks on the candidate" },
    deadlineAt: iso(draft.nowMs + checksSeconds * 1000),
  });
  for (const older of draft.stack.open) {
    if (older.id === created.id || !isByPolicy(older)) continue;
    draft.transition(
      older,
      "superseded",
      "policy",
      { code: "superseded", message: `${attempt.id} has a newer candidate; ${created.id} takes its place` },
      { relatedAttemptId: created.id },
    );
  }
}

/** One that nobody works on: an active one is let finish. */
function isByPolicy({ operation, actor, status }: AttemptRow): boolean {
  return operation === "land" && actor === "policy" && ["queued", "blocked", "needs_intervention"].includes(status);
}

/** What the checks say, or that nobody could be asked: undefined. */
export function hearChecks(draft: Draft, attempt: AttemptRow, answer: ChecksAnswer | undefined): void {
  const age = draft.nowMs - Date.parse(attempt.createdAt);
  const late = attempt.deadlineAt !== null && attempt.deadlineAt <= draft.now;
  if (answer?.kind === "passed" && (answer.settled || age >= SETTLE_MS))
    requeue(draft, attempt, ACTOR, { code: "checks_passed", message: answer.message });
  else if (answer?.kind === "failed") needPerson(draft, attempt, "checks_failed", answer.message);
  else if (late) {
    const { checksSeconds } = draft.stack.config.policy.deadlines;
    const last = answer === undefined ? attempt.reason?.message : messageOf(answer);
    needPerson(
      draft,
      attempt,
      "checks_overdue",
      `not green within ${checksSeconds} s: ${last ?? "they were not read"}`,
    );
  } else if (answer !== undefined) note(draft, attempt, answer);
}

/** Each check that ends is on the forge; the timeline has what is waited for at first, and when it cannot be read. */
function note(draft: Draft, attempt: AttemptRow, answer: ChecksAnswer): void {
  const reason = { code: answer.kind === "unknown" ? "checks_unread" : "checks_pending", message: messageOf(answer) };
  const first = attempt.updatedAt === attempt.createdAt;
  if (!first && reason.code === attempt.reason?.code) return;
  draft.write({ kind: "note", actor: ACTOR, attemptId: attempt.id, epoch: attempt.epoch, reason });
  draft.amend(attempt, { reason });
}

function messageOf(answer: ChecksAnswer): string {
  return answer.kind === "unknown" ? `the checks could not be read: ${answer.reason.message}` : answer.message;
}

function needPerson(draft: Draft, attempt: AttemptRow, code: string, why: string): void {
  const message = `${why}; 'resume' lands ${attempt.landsAttemptId ?? "it"} all the same, 'dismiss' leaves it`;
  draft.transition(attempt, "needs_intervention", ACTOR, { code, message }, { notBefore: null, deadlineAt: null });
}
