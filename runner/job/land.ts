/**
 * Landing: the maintained branch moves to an approved candidate, and only from where it stood when
 * the candidate was made. A tag keeps where it stood; both go in one push.
 *
 * @module
 */
import { isRefName } from "../../worker/contract/primitives.ts";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { type JobStop, type Step, stopped } from "./job-stop.ts";
import { commitOf, type Mirror, readRemoteRefs } from "./mirror.ts";
import { fetchCommit } from "./mirror-fetch.ts";
import { pushRefs } from "./push.ts";

type Landing = NonNullable<JobEnvelope["land"]>;

/** `attempt` is the landing itself: it names the recovery tag. */
export async function landCandidate(
  mirror: Mirror,
  land: Landing,
  attempt: { stackId: string; number: number },
): Promise<Step<AttemptResult>> {
  if (!isRefName(land.branch)) return stopped("failed", "bad_ref_name", `'${land.branch}' is not a branch name`);
  const ref = `refs/heads/${land.branch}`;
  const tags = recoveryTags(land, attempt);
  const before = await readRemoteRefs(mirror, mirror.fork, [ref, ...tags]);
  if (!before.ok) return before;
  const stands = before.value.get(ref);
  // A landing whose answer was lost is done again: what it did is success.
  if (stands === land.oid)
    return {
      ok: true,
      value: landed(
        land,
        ref,
        tags.find((name) => before.value.get(name) === land.expectedOid),
      ),
    };
  if (stands !== land.expectedOid) return branchMoved(land, stands);
  const tag = tags.find((name) => [undefined, land.expectedOid].includes(before.value.get(name)));
  if (tag === undefined)
    return stopped(
      "failed",
      "recovery_tag_taken",
      `the fork has other commits at ${tags.join(" and ")}; delete what is not needed there, then land again`,
    );
  if ((await commitOf(mirror, land.oid)) === undefined && !(await fetchCommit(mirror, land.oid)))
    return stopped(
      "failed",
      "candidate_missing",
      `the fork no longer has the candidate ${land.oid} (${land.ref}); replay the event`,
    );
  const pushed = await pushRefs(mirror, [
    { ref, oid: land.oid, expected: land.expectedOid },
    { ref: tag, oid: land.expectedOid, expected: before.value.get(tag) },
  ]);
  if (!pushed.ok) return pushed;
  const after = await readRemoteRefs(mirror, mirror.fork, [ref]);
  if (!after.ok) return after;
  const now = after.value.get(ref);
  return now === land.oid ? { ok: true, value: landed(land, ref, tag) } : branchMoved(land, now);
}

/** Where the recovery tag may be: numbers begin anew when a record is lost, and what an older one kept stays. */
function recoveryTags(land: Landing, { stackId, number }: { stackId: string; number: number }): string[] {
  const name = `refs/tags/patch-moi/${stackId}/before-${number}`;
  return [name, `${name}-${land.expectedOid.slice(0, 12)}`];
}

function landed(land: Landing, ref: string, tag: string | undefined): AttemptResult {
  return {
    outcome: "changed",
    infrastructure: false,
    candidates: [
      { kind: "branch", ref, oid: land.oid },
      ...(tag === undefined ? [] : [{ kind: "tag" as const, ref: tag, oid: land.expectedOid }]),
    ],
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
