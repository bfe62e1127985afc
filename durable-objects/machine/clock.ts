/**
 * Time has passed: deadlines, leases, waits that are over, escalation.
 *
 * @module
 */

import type { Seen } from "../../worker/dispatch/hand-over.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { hearChecks } from "./checks.ts";
import type { Draft } from "./draft.ts";
import { requeue, retryAutomatically } from "./hand-out.ts";
import { type Command, capabilitiesOf } from "./state.ts";
import { hearStatus } from "./surface.ts";
import { awaitsChecks, escalationAt } from "./timing.ts";

const ACTOR = "clock";

/** Looks at every open attempt. */
export function tick(draft: Draft, { leases, seen, checks }: Omit<Extract<Command, { type: "tick" }>, "type">): void {
  for (const attempt of draft.stack.open) {
    switch (attempt.status) {
      case "dispatched":
        if (!asked(draft, attempt, seen) && passed(draft, attempt.deadlineAt)) expire(draft, attempt, seen);
        break;
      case "running":
        if (!asked(draft, attempt, seen)) run(draft, attempt, later(attempt.leaseUntil, leases[attempt.id]));
        break;
      case "blocked":
        if (awaitsChecks(attempt)) hearChecks(draft, attempt, checks?.[attempt.id]);
        else wait(draft, attempt);
        break;
      default:
        break;
    }
  }
}

/** Whether the attempt moved on by what its surface says. */
function asked(draft: Draft, attempt: AttemptRow, seen: Readonly<Record<string, Seen>>): boolean {
  const said = seen[attempt.id];
  return said !== undefined && said.epoch === attempt.epoch && hearStatus(draft, attempt, said);
}

function expire(draft: Draft, attempt: AttemptRow, seen: Readonly<Record<string, Seen>>): void {
  // What a surface may still have is looked for first; whoever calls the clock asks it.
  if (capabilitiesOf(attempt).status && seen[attempt.id]?.epoch !== attempt.epoch) return;
  draft.withdraw(attempt, "expired");
  const message = "no runner claimed it before its start deadline";
  retryAutomatically(draft, attempt, ACTOR, { code: "not_claimed", message });
}

function run(draft: Draft, attempt: AttemptRow, leaseUntil: string | null): void {
  const overdue = passed(draft, attempt.deadlineAt);
  const lost = passed(draft, leaseUntil);
  if (!overdue && !lost) return;
  draft.withdraw(attempt, "expired");
  if (attempt.cancelRequested) {
    const message = "cancelled by an operator; the runner no longer holds it";
    draft.transition(attempt, "cancelled", ACTOR, { code: "cancelled", message }, { epoch: attempt.epoch + 1 });
  } else if (overdue) {
    // The same work would be as slow again: more retries would only repeat the wait.
    const message = `it ran longer than the ${draft.stack.config.policy.deadlines.attemptSeconds} s its policy allows`;
    draft.transition(attempt, "timed_out", ACTOR, { code: "deadline_passed", message }, { epoch: attempt.epoch + 1 });
  } else {
    const message = "the runner stopped sending heartbeats";
    retryAutomatically(draft, attempt, ACTOR, { code: "lease_lost", message });
  }
}

function wait(draft: Draft, attempt: AttemptRow): void {
  if (attempt.blockedSince !== null && escalationAt(attempt.blockedSince) <= draft.now) {
    const cause = attempt.reason?.message ?? "unknown";
    const message = `blocked for a day, a person must look: ${cause}`;
    draft.transition(
      attempt,
      "needs_intervention",
      ACTOR,
      { code: "blocked_for_a_day", message },
      { notBefore: null, blockedSince: null },
    );
  } else if (passed(draft, attempt.notBefore)) {
    const message = `looked at again after: ${attempt.reason?.message ?? "blocked"}`;
    requeue(draft, attempt, ACTOR, { code: "unblocked", message });
  }
}

function passed(draft: Draft, time: string | null): boolean {
  return time !== null && time <= draft.now;
}

function later(a: string | null, b: string | undefined): string | null {
  if (b === undefined) return a;
  return a === null || b > a ? b : a;
}
