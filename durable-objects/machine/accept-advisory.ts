/**
 * A security advisory arrives: what the policy makes of it, by where the stack stands.
 *
 * @module
 */
import { isMaintenance } from "../../worker/contract/attempt.ts";
import { compareTags } from "../../worker/releases/release-policy.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import { supersede } from "./hand-out.ts";
import type { IncomingEvent, JudgedAdvisory } from "./state.ts";

const ACTOR = "intake";

/** Id of the attempt that goes ahead or is held, or null when there is nothing to do. */
export function acceptAdvisory(draft: Draft, event: IncomingEvent, advisory: JudgedAdvisory): string | null {
  const { policy } = draft.stack.config;
  const { name, standing, affected, fix } = advisory;
  const where = standing ?? "a release that is not known";
  const skip = (code: string, message: string, related?: AttemptRow): null => {
    const more = related === undefined ? {} : { relatedAttemptId: related.id };
    const tell = code === "not_affected" || code === "advisories_off" ? {} : { tell: "advisory" as const };
    draft.create(event, "maintain", "skipped", ACTOR, { reason: { code, message }, ...more, ...tell });
    return null;
  };
  if (policy.advisories === "ignore") return skip("advisories_off", `${name}: policy.advisories is ignore`);
  if (advisory.withdrawn || affected === "no") {
    const message = advisory.withdrawn
      ? `${name} was withdrawn by its publisher`
      : `${name} does not concern ${where}, on which this stack stands`;
    const done = draft.create(event, "maintain", "skipped", ACTOR, {
      reason: { code: advisory.withdrawn ? "advisory_withdrawn" : "not_affected", message },
    });
    letGo(draft, done, advisory.id, message);
    return null;
  }
  const says = `${name} ${affected === "yes" ? "concerns" : "may concern"} ${where}, on which this stack stands`;
  if (policy.advisories === "notify")
    return skip("advisory_noted", `${says}; ${fix === null ? "no release with a fix is known" : `${fix} has the fix`}`);
  if (fix === null) return hold(draft, event, advisory, says);
  const onIt = draft.stack.open.find((a) => a.tag === fix && isMaintenance(a.operation) && !isHeldFor(a, advisory.id));
  if (onIt !== undefined) {
    skip("fix_under_way", `${says}; ${onIt.id} is ${onIt.status} on ${fix}, which has the fix`, onIt);
    makeRoom(draft, onIt, fix, says);
    return null;
  }
  return goAhead(draft, event, fix, says);
}

/** Onto the fix at once: what is open on releases that are not newer makes room, whatever the order of the queue. */
function goAhead(draft: Draft, event: IncomingEvent, fix: string, says: string): string {
  const attempt = draft.create(event, "maintain", "queued", ACTOR, {
    reason: { code: "advisory", message: `${says}; ${fix} has the fix` },
    tell: "advisory",
  });
  const { highestTag } = draft.stack;
  if (highestTag === null || compareTags(draft.stack.config.policy.releases, fix, highestTag) === 1)
    draft.stack.highestTag = fix;
  makeRoom(draft, attempt, fix, says);
  return attempt.id;
}

function makeRoom(draft: Draft, attempt: AttemptRow, fix: string, says: string): void {
  for (const older of draft.stack.open) {
    if (older.id === attempt.id || !isMaintenance(older.operation)) continue;
    if (older.tag !== null && compareTags(draft.stack.config.policy.releases, older.tag, fix) === 1) continue;
    supersede(draft, older, attempt, ACTOR, `${says}; ${attempt.id} carries the stack onto ${fix} first`);
  }
}

/** Nobody has a fix yet: a person may bring one as a patch of the stack, or wait for the release. */
function hold(draft: Draft, event: IncomingEvent, { id }: JudgedAdvisory, says: string): string {
  const message = `${says}, and no release with a fix is known: wait for it (it goes ahead by itself), or carry the fix as a patch on the branch and resume`;
  const held = draft.create(event, "maintain", "needs_intervention", ACTOR, {
    reason: { code: "advisory_no_fix", message },
    tell: "advisory",
  });
  letGo(draft, held, id, `${held.id} says what is known of it now`);
  return held.id;
}

/** What was held for an earlier word on the same advisory need not be held any more. */
function letGo(draft: Draft, by: AttemptRow, id: string, why: string): void {
  for (const older of draft.stack.open)
    if (older.id !== by.id && isHeldFor(older, id)) supersede(draft, older, by, ACTOR, why);
}

function isHeldFor(attempt: AttemptRow, id: string): boolean {
  return isHeldForFix(attempt) && attempt.movement.startsWith(`advisory:${id}@`);
}

/** Held because no release had the fix. */
export function isHeldForFix({ status, reason }: AttemptRow): boolean {
  return status === "needs_intervention" && reason?.code === "advisory_no_fix";
}
