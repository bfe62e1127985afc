/**
 * Promotion: moving a channel to a candidate. As with a landing, each is an attempt of its own: what goes
 * wrong with one channel says nothing of the others.
 *
 * @module
 */
import { isActive } from "../../worker/contract/attempt.ts";
import type { ChannelPolicy } from "../../worker/contract/channel.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { compareTags, decideRelease } from "../../worker/releases/release-policy.ts";
import type { AttemptRow, CandidateRow } from "../../worker/store/rows.ts";
import { candidateId, type Draft } from "./draft.ts";
import { supersede } from "./hand-out.ts";
import { asEvent } from "./land.ts";
import type { Refusal } from "./state.ts";

/** Starts a promotion that an operator asked for; `attempt` is the one that made the candidate. */
export function promote(
  draft: Draft,
  attempt: AttemptRow,
  candidate: CandidateRow,
  channel: string,
  actor: string,
): { attempt: AttemptRow; refused: Refusal | null } {
  const refused = whyNot(draft, attempt, candidate, channel);
  return refused === null
    ? { attempt: start(draft, attempt, candidate.id, channel, actor), refused }
    : { attempt, refused };
}

function whyNot({ stack }: Draft, attempt: AttemptRow, candidate: CandidateRow, channel: string): Refusal | null {
  const refuse = (message: string): Refusal => ({ code: "not_promotable", message });
  if (stack.deletedAt !== null)
    return { code: "gone", message: `stack '${stack.id}' was deleted at ${stack.deletedAt}` };
  const channels = Object.keys(stack.config.channels ?? {});
  if (!channels.includes(channel)) {
    const known = channels.length === 0 ? "it has none" : `it has ${channels.join(", ")}`;
    return {
      code: "not_found",
      message: `stack '${stack.id}' has no channel '${channel}' (${known}); declare it under its channels, and apply`,
    };
  }
  if (candidate.kind !== "branch")
    return refuse(`${candidate.id} is a ${candidate.kind}; only a candidate that is a branch can be promoted`);
  if (attempt.status !== "changed")
    return refuse(
      `${attempt.id} ended ${attempt.status}; only what an attempt made that ended changed can be promoted: replay its event`,
    );
  const same = stack.open.find((a) => a.channel === channel && a.candidateId === candidate.id);
  return same === undefined ? null : refuse(`${same.id} is promoting it already`);
}

/** Moves the channels that follow what the attempt has made. */
export function promoteAutomatically(draft: Draft, attempt: AttemptRow): void {
  const made = attempt.candidates.findIndex(({ kind }) => kind === "branch");
  if (made === -1) return;
  for (const [channel, policy] of Object.entries(draft.stack.config.channels ?? {})) {
    if (!follows(draft, attempt, policy)) continue;
    const at = draft.stack.channels[channel]?.tag;
    if (isLower(draft, attempt.tag, at)) {
      const message = `'${channel}' stays on ${at}, which is higher than ${attempt.tag}; promote it by hand to go back`;
      draft.write({
        kind: "note",
        actor: "policy",
        attemptId: attempt.id,
        epoch: attempt.epoch,
        reason: { code: "not_promoted", message },
      });
    } else start(draft, attempt, candidateId(attempt, made), channel, "policy");
  }
}

/**
 * A runner that no longer held its promotion has pushed it nevertheless: the channel goes back to where the record
 * has it, unless it is on its way elsewhere. `standing` is the promotion that put it there.
 */
export function restoreChannel(draft: Draft, standing: AttemptRow): void {
  const { channel, candidateId: candidate } = standing;
  if (channel === null || candidate === null || draft.stack.open.some((a) => a.channel === channel)) return;
  start(draft, standing, candidate, channel, "policy");
}

function follows({ stack }: Draft, attempt: AttemptRow, { follows }: ChannelPolicy): boolean {
  if (follows !== "releases") return follows === "candidates";
  if (attempt.tag === null) return false;
  const releases = { ...stack.config.policy.releases, prereleases: false };
  return decideRelease(releases, attempt.tag, attempt.prerelease ?? undefined).pass;
}

function isLower({ stack }: Draft, tag: string | null, than: string | undefined): boolean {
  if (tag === null || than === undefined) return false;
  return compareTags(stack.config.policy.releases, tag, than) === -1;
}

function start(draft: Draft, attempt: AttemptRow, candidate: string, channel: string, actor: string): AttemptRow {
  const created = draft.create(asEvent(attempt), "promote", "queued", actor, {
    channel,
    candidateId: candidate,
    notBefore: draft.now,
  });
  for (const older of draft.stack.open) {
    // One that a surface holds is let finish: this one goes on from there.
    if (older.channel !== channel || older.id === created.id || isActive(older.status)) continue;
    supersede(draft, older, created, actor, `${created.id} moves '${channel}' to a newer choice`);
  }
  return created;
}

/** The channel's branch stands on the candidate now. */
export function promoted(draft: Draft, attempt: AttemptRow, result: AttemptResult): void {
  const { channel, candidateId: candidate, tag } = attempt;
  const oid = result.candidates[0]?.oid;
  if (channel === null || candidate === null || oid === undefined) return;
  const pointer = {
    candidateId: candidate,
    attemptId: attempt.id,
    oid,
    ...(tag === null ? {} : { tag }),
    actor: attempt.actor ?? "policy",
    at: draft.now,
  };
  draft.stack.channels = { ...draft.stack.channels, [channel]: pointer };
}
