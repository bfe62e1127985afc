/**
 * Promotion: a channel's branch moves to a candidate, and only from where the record knows it. A branch
 * that is not there is made.
 *
 * @module
 */
import { isRefName } from "../../worker/contract/primitives.ts";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { type JobStop, type Step, stopped } from "./job-stop.ts";
import { commitOf, type Mirror, readRemoteRefs } from "./mirror.ts";
import { fetchCommit } from "./mirror-fetch.ts";
import { pushRefs } from "./push.ts";

type Promotion = NonNullable<JobEnvelope["promote"]>;

/** A runner that was given up may push at the same moment; it does so once. */
const TRIES = 3;

export async function promoteCandidate(mirror: Mirror, promotion: Promotion): Promise<Step<AttemptResult>> {
  const { ref, oid } = promotion;
  if (!isRefName(ref) || !ref.startsWith("refs/heads/"))
    return stopped("failed", "bad_ref_name", `'${ref}' is not a branch`);
  for (let tries = 0; ; tries++) {
    const read = await readRemoteRefs(mirror, mirror.fork, [ref]);
    if (!read.ok) return read;
    const stands = read.value.get(ref);
    // What the fork shows is the answer, be it of a push before this job's.
    if (stands === oid) return { ok: true, value: promoted(promotion) };
    const ours = stands === undefined || promotion.expectedOids.includes(stands);
    if (!ours || tries === TRIES) return channelMoved(promotion, stands);
    if ((await commitOf(mirror, oid)) === undefined && !(await fetchCommit(mirror, oid)))
      return stopped(
        "failed",
        "candidate_missing",
        `the fork no longer has the candidate ${oid} (${promotion.candidateRef}); promote another, or replay the event`,
      );
    const pushed = await pushRefs(mirror, [{ ref, oid, expected: stands }]);
    if (!pushed.ok) return pushed;
  }
}

function promoted({ ref, oid }: Promotion): AttemptResult {
  return { outcome: "changed", infrastructure: false, candidates: [{ kind: "branch", ref, oid }] };
}

function channelMoved(
  { channel, ref, expectedOids: [recorded] }: Promotion,
  now: string | undefined,
): { ok: false; stop: JobStop } {
  const known = recorded === undefined ? "nothing was promoted to it" : `it was promoted to ${recorded}`;
  return stopped(
    "failed",
    "channel_moved",
    `somebody else moved ${ref} to ${now ?? "nothing"}, and ${known}; delete that branch if nobody needs it, then promote to '${channel}' again`,
  );
}
