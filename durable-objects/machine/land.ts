/**
 * Landing: moving the maintained branch to an approved candidate. It is an attempt of its own, so
 * that it takes its turn with all other work on the branch and has deadlines, retries and a timeline.
 *
 * @module
 */
import { CAPABILITIES } from "../../worker/contract/surface.ts";
import type { AttemptRow, CandidateRow } from "../../worker/store/rows.ts";
import { landAfterChecks } from "./checks.ts";
import type { Draft } from "./draft.ts";
import { supersede } from "./hand-out.ts";
import type { IncomingEvent, Refusal } from "./state.ts";
import { awaitsChecks } from "./timing.ts";

/** Starts a landing that an operator asked for. `headOid` is where the branch stood when the candidate was made. */
export function land(
  draft: Draft,
  attempt: AttemptRow,
  candidate: CandidateRow | null,
  headOid: string | null,
  actor: string,
): { attempt: AttemptRow; refused: Refusal | null } {
  const refuse = (message: string) => ({ attempt, refused: { code: "not_landable" as const, message } });
  const { driver } = draft.stack.config.policy;
  if (!CAPABILITIES[driver].claims)
    return refuse(`this stack's work is done by '${driver}', which moves no branch for us; land the candidate there`);
  if (attempt.operation === "land")
    return refuse(`${attempt.id} is a landing itself; land the attempt ${attempt.landsAttemptId}, or replay the event`);
  if (attempt.operation === "promote")
    return refuse(`${attempt.id} is a promotion; land the attempt that made ${attempt.candidateId}`);
  if (attempt.status !== "changed")
    return refuse(
      `${attempt.id} is ${attempt.status}; only an attempt that ended changed can be landed: replay its event`,
    );
  if (candidate === null || headOid === null)
    return refuse(`${attempt.id} has no candidate branch; replay its event to make one`);
  if (candidate.landedAt !== null)
    return refuse(`${candidate.ref} was landed at ${candidate.landedAt}; replay its event for another candidate`);
  const under = draft.stack.open.find((a) => a.landsAttemptId === attempt.id);
  if (under !== undefined && !awaitsChecks(under)) return refuse(`${under.id} is landing it already`);
  const created = draft.create(asEvent(attempt), "land", "queued", actor, { landsAttemptId: attempt.id });
  // A person's word is enough: the checks are not waited for any more.
  if (under !== undefined) supersede(draft, under, created, actor, `landed by hand, without waiting for its checks`);
  return { attempt: created, refused: null };
}

/** Lands at once, or once the forge's checks are green, where the policy says so. */
export function landAutomatically(draft: Draft, attempt: AttemptRow, headOid: string | undefined): void {
  const { landing, driver } = draft.stack.config.policy;
  if (landing === "manual" || headOid === undefined || !CAPABILITIES[driver].claims) return;
  if (!attempt.candidates.some((c) => c.kind === "branch")) return;
  const event = asEvent(attempt);
  if (landing === "after_checks") landAfterChecks(draft, attempt, event);
  else draft.create(event, "land", "queued", "policy", { landsAttemptId: attempt.id });
}

/** The attempt's own event, for another attempt on it. */
export function asEvent(attempt: AttemptRow): IncomingEvent {
  return {
    id: attempt.eventId,
    position: 0,
    movement: attempt.movement,
    onto: attempt.onto,
    ontoSha: attempt.ontoSha,
    tag: attempt.tag,
    prerelease: attempt.prerelease ?? undefined,
    moved: null,
    advisory: null,
    accepted: true,
    sameMovement: null,
  };
}
