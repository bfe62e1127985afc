/**
 * Landing: the maintained branch moves to an approved candidate, and only from where it stood when
 * the candidate was made.
 *
 * @module
 */
import { isRefName } from "../../worker/contract/primitives.ts";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { type JobStop, type Step, stopped } from "./job-stop.ts";
import { commitOf, fetchCommit, type Mirror, readRemoteRefs } from "./mirror.ts";
import { pushRefs } from "./push.ts";

type Landing = NonNullable<JobEnvelope["land"]>;

export async function landCandidate(mirror: Mirror, land: Landing): Promise<Step<AttemptResult>> {
  if (!isRefName(land.branch)) return stopped("failed", "bad_ref_name", `'${land.branch}' is not a branch name`);
  const ref = `refs/heads/${land.branch}`;
  const before = await readRemoteRefs(mirror, mirror.fork, [ref]);
  if (!before.ok) return before;
  const stands = before.value.get(ref);
  // A landing whose answer was lost is done again: what it did is success.
  if (stands === land.oid) return { ok: true, value: landed(land, ref) };
  if (stands !== land.expectedOid) return branchMoved(land, stands);
  if ((await commitOf(mirror, land.oid)) === undefined && !(await fetchCommit(mirror, land.oid)))
    return stopped(
      "failed",
      "candidate_missing",
      `the fork no longer has the candidate ${land.oid} (${land.ref}); replay the event`,
    );
  const pushed = await pushRefs(mirror, [{ ref, oid: land.oid, expected: land.expectedOid }]);
  if (!pushed.ok) return pushed;
  const after = await readRemoteRefs(mirror, mirror.fork, [ref]);
  if (!after.ok) return after;
  const now = after.value.get(ref);
  return now === land.oid ? { ok: true, value: landed(land, ref) } : branchMoved(land, now);
}

function landed(land: Landing, ref: string): AttemptResult {
  return {
    outcome: "changed",
    infrastructure: false,
    candidates: [{ kind: "branch", ref, oid: land.oid }],
    landed: { branch: land.branch, from: land.expectedOid, to: land.oid },
  };
}

function branchMoved(land: Landing, now: string | undefined): { ok: false; stop: JobStop } {
  return stopped(
    "failed",
    "branch_moved",
    `'${land.branch}' is ${now ?? "gone"} and was ${land.expectedOid} when the candidate was made; replay the event to make a new one`,
  );
}
