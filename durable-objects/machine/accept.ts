/**
 * Events arrive: every one gets an attempt, which goes ahead or says why not.
 *
 * @module
 */

import { isMaintenance } from "../../worker/contract/attempt.ts";
import type { TagMove } from "../../worker/contract/flow-event.ts";
import { compareTags, decideRelease } from "../../worker/releases/release-policy.ts";
import { acceptAdvisory, isHeldForFix } from "./accept-advisory.ts";
import type { Draft } from "./draft.ts";
import { supersede } from "./hand-out.ts";
import type { IncomingEvent } from "./state.ts";

const ACTOR = "intake";

/** Takes in events the journal does not hold yet, lowest version first. */
export function acceptEvents(draft: Draft, events: readonly IncomingEvent[]): void {
  const fresh = events.filter((event) => !event.accepted).toSorted((a, b) => inOrder(draft, a, b));
  const seen = new Map<string, string>();
  for (const event of fresh) {
    draft.accept(event.id);
    const first = event.sameMovement ?? seen.get(event.movement) ?? null;
    const attempt = acceptOne(draft, event, first);
    if (attempt !== null) seen.set(event.movement, attempt);
  }
}

/** Id of the attempt that goes ahead, or null when it was skipped. */
function acceptOne(draft: Draft, event: IncomingEvent, sameMovement: string | null): string | null {
  const refusal = whyNot(draft, event, sameMovement);
  if (refusal !== undefined) {
    draft.create(event, "maintain", "skipped", ACTOR, refusal);
    return null;
  }
  if (event.advisory !== null) return acceptAdvisory(draft, event, event.advisory);
  if (event.moved !== null) return hold(draft, event, event.moved);
  const attempt = draft.create(event, "maintain", "queued", ACTOR);
  if (event.tag !== null) draft.stack.highestTag = event.tag;
  const all = draft.stack.config.policy.onNewer === "supersede";
  for (const older of draft.stack.open) {
    // Who waits for a fix waits for a release, in whatever order the others go.
    if (older.id !== attempt.id && isMaintenance(older.operation) && (all || isHeldForFix(older)))
      supersede(draft, older, attempt, ACTOR, `${name(event)} is newer; ${attempt.id} takes its place`);
  }
  return attempt.id;
}

/** A tag that names another commit than before is suspicious: a person looks before anything is built on it. */
function hold(draft: Draft, event: IncomingEvent, { from, to }: TagMove): string {
  const message = `${name(event)} moved upstream from ${from} to ${to}; find out why before you resume`;
  const held = draft.create(event, "maintain", "needs_intervention", ACTOR, { reason: { code: "tag_moved", message } });
  for (const older of draft.stack.open) {
    if (older.id !== held.id && older.tag === event.tag && isMaintenance(older.operation))
      supersede(draft, older, held, ACTOR, `${name(event)} moved; ${held.id} holds it for a person`);
  }
  return held.id;
}

function whyNot(draft: Draft, event: IncomingEvent, sameMovement: string | null) {
  const { releases } = draft.stack.config.policy;
  if (sameMovement !== null) {
    const message = `${name(event)} was told before; ${sameMovement} acts on it`;
    return { reason: { code: "same_movement", message }, relatedAttemptId: sameMovement };
  }
  if (event.tag === null || event.advisory !== null) return undefined;
  const decision = decideRelease(releases, event.tag, event.prerelease);
  if (!decision.pass) return { reason: { code: decision.code, message: decision.message } };
  const highest = draft.stack.highestTag;
  if (event.moved !== null) return whyNotMoved(draft, event, event.moved, highest);
  if (highest === null) return undefined;
  const order = compareTags(releases, event.tag, highest);
  if (order === -1)
    return {
      reason: { code: "downgrade", message: `${event.tag} is lower than ${highest}, which this stack already follows` },
    };
  if (order === 0)
    return { reason: { code: "same_version", message: `${event.tag} is the same version as ${highest}` } };
  return undefined;
}

/** What the stack stands on, or works on now, may not be what it was; what it has left behind may change as it likes. */
function whyNotMoved(draft: Draft, event: IncomingEvent, { from, to }: TagMove, highest: string | null) {
  const { carried, config, open } = draft.stack;
  if (event.tag === null || highest === null || event.tag === carried?.tag) return undefined;
  if (open.some((attempt) => attempt.tag === event.tag && isMaintenance(attempt.operation))) return undefined;
  if (compareTags(config.policy.releases, event.tag, highest) !== -1) return undefined;
  const message = `${event.tag} moved upstream from ${from} to ${to}; this stack has gone on to ${highest}`;
  return { reason: { code: "old_tag_moved", message } };
}

function name(event: IncomingEvent): string {
  return event.tag ?? event.ontoSha ?? event.onto;
}

function inOrder(draft: Draft, a: IncomingEvent, b: IncomingEvent): number {
  // Advisories last: what a release of the same batch brings is known then.
  if ((a.advisory === null) !== (b.advisory === null)) return a.advisory === null ? -1 : 1;
  if (a.tag !== null && b.tag !== null) {
    const order = compareTags(draft.stack.config.policy.releases, a.tag, b.tag);
    if (order !== undefined && order !== 0) return order;
  }
  return a.position - b.position;
}
