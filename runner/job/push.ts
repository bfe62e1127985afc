/**
 * Pushes: always with the exact oid that each ref is expected to have, all refs or none, and read
 * back from the remote before anybody is told.
 *
 * @module
 */
import { isRefName } from "../../worker/contract/primitives.ts";
import { GitError } from "../git/git-error.ts";
import { runGit } from "../git/process.ts";
import { type JobStop, type Step, stopOfGit, stopped } from "./job-stop.ts";
import { headsOfFork, type Mirror, readRemoteRefs } from "./mirror.ts";
import { accessToBoth, bringContents } from "./mirror-contents.ts";
import { isPartial } from "./partial-mirror.ts";

/** Where a push comes from and goes to. Without `upstream` it is no mirror but a repository of somebody's own. */
export type PushPlace = Pick<Mirror, "fork" | "gitDir" | "signal"> & Partial<Pick<Mirror, "upstream">>;

/** One ref of a push. An `expected` of undefined: the ref must not exist. */
export type RefUpdate = { ref: string; oid: string; expected: string | undefined };

/** False when a lease was refused: some ref was not what was expected, and none was changed. */
export async function pushRefs(mirror: PushPlace, updates: readonly RefUpdate[]): Promise<Step<boolean>> {
  const { fork, upstream, gitDir, signal } = mirror;
  const partial = upstream !== undefined && (await isPartial(gitDir)) ? { gitDir, signal, upstream, fork } : undefined;
  if (partial !== undefined) {
    try {
      // What is not in the fork yet goes there whole, also what upstream has kept until now.
      const heads = await headsOfFork(mirror);
      await bringContents(partial, [...updates.map(({ oid }) => oid), ...heads.map((head) => `^${head}`)]);
    } catch (error) {
      return stopOfGit(error, partial.upstream.what, partial.upstream.url);
    }
  }
  // Never a `+` before a refspec: it would switch the lease off.
  const leases = updates.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected ?? ""}`);
  const refspecs = updates.map(({ ref, oid }) => `${oid}:${ref}`);
  const args = ["push", "--quiet", "--atomic", "--no-verify", ...leases, "--end-of-options", fork.url, ...refspecs];
  // The pack builds on contents that the fork has; those that are not here git asks upstream for, in one request.
  const access =
    partial === undefined ? { ...fork.options, fetchesMissing: upstream === undefined } : accessToBoth(partial);
  try {
    await runGit(args, { ...access, gitDir, signal });
    return { ok: true, value: true };
  } catch (error) {
    if (error instanceof GitError && error.code === "lease_failed") return { ok: true, value: false };
    return stopOfGit(error, fork.what, fork.url);
  }
}

export type CandidateRequest = {
  /** Branch name, without `refs/heads/`. */
  name: string;
  /** Appended when the name is taken by something else. */
  number: number;
  oid: string;
  /** The maintained branch, and the head that the stack was read from. */
  branch: string;
  head: string;
};

/**
 * Creates the candidate's branch; the answer is its full ref. A ref that holds the same commit is
 * the same candidate; one that holds another stays, and this one gets the attempt's number.
 */
export async function pushCandidate(mirror: PushPlace, request: CandidateRequest): Promise<Step<string>> {
  const branchRef = `refs/heads/${request.branch}`;
  const refs = [request.name, `${request.name}-${request.number}`].map((name) => `refs/heads/${name}`);
  if (!isRefName(request.name) || refs.includes(branchRef))
    return stopped(
      "failed",
      "bad_ref_name",
      `'${request.name}' cannot be a candidate's branch; correct the stack's candidateRef`,
    );
  for (const ref of refs) {
    const there = await readRemoteRefs(mirror, mirror.fork, [ref, branchRef]);
    if (!there.ok) return there;
    if (there.value.get(branchRef) !== request.head) return moved(request, there.value.get(branchRef));
    const found = there.value.get(ref);
    if (found === request.oid) return { ok: true, value: ref };
    if (found !== undefined) continue;
    // The maintained branch goes along unchanged: when it has moved since, its lease refuses the whole.
    const pushed = await pushRefs(mirror, [
      { ref, oid: request.oid, expected: undefined },
      { ref: branchRef, oid: request.head, expected: request.head },
    ]);
    if (!pushed.ok) return pushed;
    const after = await readRemoteRefs(mirror, mirror.fork, [ref, branchRef]);
    if (!after.ok) return after;
    if (after.value.get(ref) === request.oid) return { ok: true, value: ref };
    if (!pushed.value && after.value.get(branchRef) !== request.head) return moved(request, after.value.get(branchRef));
    if (pushed.value)
      return stopped(
        "failed",
        "push_not_seen",
        `the fork took ${request.oid} for ${ref} and shows ${after.value.get(ref) ?? "nothing"}`,
      );
  }
  return stopped(
    "failed",
    "candidate_exists",
    `the fork has other commits at ${refs.join(" and ")}; delete what is not needed there, then replay the event`,
  );
}

/** The stack was read from a head that is no longer it: a new run starts from the new one. */
function moved(request: CandidateRequest, now: string | undefined): { ok: false; stop: JobStop } {
  return {
    ok: false,
    stop: {
      outcome: "failed",
      code: "branch_moved",
      message: `the branch '${request.branch}' moved from ${request.head} to ${now ?? "nothing"} during the attempt; it is done again from there`,
      infrastructure: true,
    },
  };
}
