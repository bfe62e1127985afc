/**
 * Brings a mirror up to date from its two remotes.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Oid } from "../../worker/contract/primitives.ts";
import { keepCommitGraph } from "../git/commit-graph.ts";
import { GitError } from "../git/git-error.ts";
import { runGit } from "../git/process.ts";
import { FETCH_CHECKS } from "./fetch-checks.ts";
import { type Step, stopOfGit } from "./job-stop.ts";
import { commitOf, type Mirror, rebuildMirror } from "./mirror.ts";
import { accessToBoth, completeIfSmall } from "./mirror-contents.ts";
import { isPartial, makeWhole, partialChoice, type RemoteName } from "./partial-mirror.ts";
import { FETCH_TIMEOUT_MS } from "./remote.ts";

const UPSTREAM_REFS = ["+refs/heads/*:refs/upstream/heads/*", "+refs/tags/*:refs/upstream/tags/*"];
const FORK_REFS = ["+refs/heads/*:refs/fork/heads/*", "+refs/patch-moi/*:refs/fork/patch-moi/*"];

/** Leaves contents with the server. */
const WITHOUT_CONTENTS = "--filter=blob:none";
/**
 * Leaves nothing with the server, and still says that what is older may be missing here: then git does
 * not look for it when it checks what came.
 */
const WITH_CONTENTS = "--filter=blob:limit=1024g";

export async function fetchMirror(mirror: Mirror): Promise<Step<void>> {
  const fetched = await fetchUpstream(mirror);
  if (!fetched.ok) return fetched;
  const both = await fetchStep(mirror, "fork", FORK_REFS);
  if (both.ok) {
    await tidyMirror(mirror);
    await keepCommitGraph(mirror.gitDir, mirror.signal);
  }
  return both;
}

/** Brings one commit that no branch of the fork holds; many servers refuse that. */
export async function fetchCommit(mirror: Mirror, oid: string): Promise<boolean> {
  // Anything but an object id could be a refspec here.
  if (!Oid.safeParse(oid).success) return false;
  await fetchStep(mirror, "fork", [oid]);
  return (await commitOf(mirror, oid)) !== undefined;
}

/** The first time without contents, where the server can do that. */
async function fetchUpstream(mirror: Mirror): Promise<Step<void>> {
  if (!isNew(mirror) || !(await isPartial(mirror.gitDir))) return fetchStep(mirror, "upstream", UPSTREAM_REFS);
  try {
    const stderr = await fetch(mirror, "upstream", UPSTREAM_REFS, WITHOUT_CONTENTS);
    if (/filtering not recognized/.test(stderr)) await makeWhole(mirror.gitDir);
    else if (partialChoice(mirror.env) === "auto") await completeIfSmall(mirror);
    return { ok: true, value: undefined };
  } catch (error) {
    const { url, what } = mirror.upstream;
    if (!(error instanceof GitError) || !/filter .*not supported/.test(error.stderrTail))
      return stopOfGit(error, what, url);
    await rebuildMirror(mirror, "whole");
    return fetchStep(mirror, "upstream", UPSTREAM_REFS);
  }
}

function isNew({ gitDir }: Mirror): boolean {
  return !existsSync(join(gitDir, "packed-refs")) && !existsSync(join(gitDir, "refs", "upstream"));
}

async function fetchStep(mirror: Mirror, from: RemoteName, refspecs: readonly string[]): Promise<Step<void>> {
  const { url, what } = mirror[from];
  try {
    await fetch(mirror, from, refspecs);
    return { ok: true, value: undefined };
  } catch (error) {
    return stopOfGit(error, what, url);
  }
}

/** @returns what git said on stderr */
async function fetch(
  mirror: Mirror,
  from: RemoteName,
  refspecs: readonly string[],
  filter = WITH_CONTENTS,
): Promise<string> {
  const { gitDir, signal } = mirror;
  const partial = await isPartial(mirror.gitDir);
  const { url, options } = mirror[from];
  // A shallow source is taken as it is, or its branches would be missing without a word; once it is
  // complete, so is the mirror.
  const depth = existsSync(join(gitDir, "shallow")) ? ["--unshallow", "--update-shallow"] : ["--update-shallow"];
  const flags = ["--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-auto-gc", ...depth];
  if (partial) flags.push(filter);
  const access = partial ? accessToBoth(mirror) : { ...options, config: { ...FETCH_CHECKS, ...options.config } };
  const { stderr } = await runGit(["fetch", ...flags, "--end-of-options", partial ? from : url, ...refspecs], {
    ...access,
    gitDir,
    signal,
    timeoutMs: FETCH_TIMEOUT_MS,
  });
  return stderr;
}

/**
 * Packs the mirror when many loose objects have come together, which is seldom. Here, where the lock
 * is held; objects of a replay that no ref holds are safe for git's two weeks.
 */
async function tidyMirror({ gitDir, signal }: Mirror): Promise<void> {
  try {
    const config = { "gc.auto": "20000", "gc.autoDetach": "false" };
    await runGit(["gc", "--auto", "--quiet"], { gitDir, signal, config });
  } catch (error) {
    // A mirror that could not be packed is slower, and still right.
    if (!(error instanceof GitError) || error.code === "aborted") throw error;
  }
}
