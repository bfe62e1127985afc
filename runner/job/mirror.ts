/**
 * The bare mirror of one fork and its upstream, kept between jobs.
 *
 * Both are fetched with explicit refspecs into namespaces of their own: tags that come along by
 * themselves would mix the fork's `v1` with upstream's, and only upstream says what `v1` is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRefName, Oid } from "../../worker/contract/primitives.ts";
import type { Environment } from "../client/settings.ts";
import { keepCommitGraph } from "../git/commit-graph.ts";
import { GitError } from "../git/git-error.ts";
import { gitText, runGit } from "../git/process.ts";
import type { Clock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { type Step, stopOfGit } from "./job-stop.ts";
import { touchMirror } from "./mirror-limit.ts";
import { takeLock } from "./mirror-lock.ts";
import { describeRemote, type Remote } from "./remote.ts";

/** A first fetch of a large repository takes its time; the attempt's deadline is above this anyway. */
const FETCH_TIMEOUT_MS = 3600 * 1000;

/**
 * What comes in is checked: trees that would write into a `.git` or out of the checkout are refused.
 * Faults of old tools that many honest histories have, and that harm nobody, are let through.
 */
const FSCK: Readonly<Record<string, string>> = {
  "fetch.fsckObjects": "true",
  ...Object.fromEntries(
    ["hasDot", "hasDotdot", "hasDotgit", "fullPathname", "emptyName"].map((id) => [`fetch.fsck.${id}`, "error"]),
  ),
  ...Object.fromEntries(
    [
      "badDate",
      "badDateOverflow",
      "badEmail",
      "badFilemode",
      "badName",
      "badTimezone",
      "missingEmail",
      "missingNameBeforeEmail",
      "missingSpaceBeforeDate",
      "missingSpaceBeforeEmail",
      "missingTaggerEntry",
      "multipleAuthors",
      "zeroPaddedDate",
      "zeroPaddedFilemode",
    ].map((id) => [`fetch.fsck.${id}`, "ignore"]),
  ),
};

export type Mirror = {
  gitDir: string;
  fork: Remote;
  upstream: Remote;
  /** The runner's own environment. */
  env: Environment;
  signal: AbortSignal;
  /** Lets the next process in. Held for the whole job: a rebuild must not happen under anybody. */
  release: () => void;
};

export type MirrorRequest = {
  home: DataHome;
  forkUrl: string;
  upstreamUrl: string;
  clock: Clock;
  env: Environment;
  signal: AbortSignal;
};

/** The mirror, locked and made when it is new; undefined when `signal` came before the lock. */
export async function openMirror(request: MirrorRequest): Promise<Mirror | undefined> {
  const { home, forkUrl, upstreamUrl, env, signal } = request;
  const name = createHash("sha256").update(`${forkUrl}\n${upstreamUrl}`).digest("hex").slice(0, 24);
  const gitDir = join(home.mirrors, `${name}.git`);
  const release = await takeLock(`${gitDir}.lock`, request.clock, signal);
  if (release === undefined) return undefined;
  const mirror: Mirror = {
    gitDir,
    fork: describeRemote("the fork", forkUrl, forkUrl, env),
    upstream: describeRemote("upstream", upstreamUrl, forkUrl, env),
    env,
    signal,
    release,
  };
  try {
    if (!existsSync(join(gitDir, "HEAD"))) await rebuildMirror(mirror);
    touchMirror(gitDir);
    return mirror;
  } catch (error) {
    release();
    throw error;
  }
}

/** Throws the mirror away and starts an empty one. */
export async function rebuildMirror(mirror: Mirror): Promise<void> {
  rmSync(mirror.gitDir, { recursive: true, force: true, maxRetries: 3 });
  await runGit(["init", "--quiet", "--bare", "--end-of-options", mirror.gitDir], { cwd: "/", signal: mirror.signal });
  touchMirror(mirror.gitDir);
}

/** What git says of a mirror that lacks something or holds something broken. */
const DAMAGE: ReadonlySet<string> = new Set(["missing_objects", "missing_object", "not_a_repository"]);

/** True when a failure with this code comes from the mirror's own state, so that a new one may do. */
export async function isDamaged(mirror: Mirror, code: string): Promise<boolean> {
  if (DAMAGE.has(code)) return true;
  if (code !== "git_failed" && code !== "ref_missing") return false;
  try {
    // An empty mirror passes too: what is not there yet is no damage.
    await runGit(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"], {
      gitDir: mirror.gitDir,
      signal: mirror.signal,
      timeoutMs: FETCH_TIMEOUT_MS,
    });
    return false;
  } catch (error) {
    if (!(error instanceof GitError) || error.code === "aborted") throw error;
    return true;
  }
}

/** Brings the mirror up to date. */
export async function fetchMirror(mirror: Mirror): Promise<Step<void>> {
  const upstream = ["+refs/heads/*:refs/upstream/heads/*", "+refs/tags/*:refs/upstream/tags/*"];
  const fork = ["+refs/heads/*:refs/fork/heads/*", "+refs/patch-moi/*:refs/fork/patch-moi/*"];
  const fetched = await fetch(mirror, mirror.upstream, upstream);
  if (!fetched.ok) return fetched;
  const both = await fetch(mirror, mirror.fork, fork);
  if (both.ok) {
    await tidyMirror(mirror);
    await keepCommitGraph(mirror.gitDir, mirror.signal);
  }
  return both;
}

/**
 * Packs the mirror when many loose objects have come together, which is seldom. Here, where the lock
 * is held; objects of a replay that no ref holds are safe for git's two weeks.
 */
async function tidyMirror(mirror: Mirror): Promise<void> {
  try {
    const config = { "gc.auto": "20000", "gc.autoDetach": "false" };
    await runGit(["gc", "--auto", "--quiet"], { gitDir: mirror.gitDir, signal: mirror.signal, config });
  } catch (error) {
    // A mirror that could not be packed is slower, and still right.
    if (!(error instanceof GitError) || error.code === "aborted") throw error;
  }
}

async function fetch(mirror: Mirror, remote: Remote, refspecs: readonly string[]): Promise<Step<void>> {
  // A shallow source is taken as it is, or its branches would be missing without a word; once it is
  // complete, so is the mirror.
  const depth = existsSync(join(mirror.gitDir, "shallow")) ? ["--unshallow", "--update-shallow"] : ["--update-shallow"];
  const flags = ["--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--no-auto-gc", ...depth];
  try {
    await runGit(["fetch", ...flags, "--end-of-options", remote.url, ...refspecs], {
      ...remote.options,
      config: { ...FSCK, ...remote.options.config },
      gitDir: mirror.gitDir,
      signal: mirror.signal,
      timeoutMs: FETCH_TIMEOUT_MS,
    });
    return { ok: true, value: undefined };
  } catch (error) {
    return stopOfGit(error, remote.what, remote.url);
  }
}

/** Brings one commit that no branch of the fork holds; many servers refuse that. */
export async function fetchCommit(mirror: Mirror, oid: string): Promise<boolean> {
  // Anything but an object id could be a refspec here.
  if (!Oid.safeParse(oid).success) return false;
  await fetch(mirror, mirror.fork, [oid]);
  return (await commitOf(mirror, oid)) !== undefined;
}

/** The commit that a full ref name or object id stands for, tags peeled; undefined when there is none. */
export async function commitOf(mirror: Mirror, name: string): Promise<string | undefined> {
  return resolve(mirror, `${name}^{commit}`);
}

/** The object that a ref holds itself: for an annotated tag, the tag. */
export async function objectOf(mirror: Mirror, ref: string): Promise<string | undefined> {
  return resolve(mirror, ref);
}

async function resolve(mirror: Mirror, revision: string): Promise<string | undefined> {
  const name = revision.replace(/\^\{commit\}$/, "");
  if (!isRefName(name)) return undefined;
  const { stdout, exitCode } = await runGit(["rev-parse", "--quiet", "--verify", "--end-of-options", revision], {
    gitDir: mirror.gitDir,
    signal: mirror.signal,
    okExitCodes: [1, 128],
  });
  return exitCode === 0 ? Oid.safeParse(stdout.toString("utf8").trim()).data : undefined;
}

/** What the remote itself says a ref holds, now. Not from the mirror. */
export async function readRemoteRefs(
  mirror: Pick<Mirror, "gitDir" | "signal">,
  remote: Remote,
  refs: readonly string[],
): Promise<Step<Map<string, string>>> {
  try {
    const text = await gitText(["ls-remote", "--quiet", "--end-of-options", remote.url, ...refs], {
      ...remote.options,
      gitDir: mirror.gitDir,
      signal: mirror.signal,
    });
    const found = new Map<string, string>();
    for (const line of text.split("\n")) {
      const [oid, ref] = line.split("\t");
      // Patterns of ls-remote match any tail of a name.
      if (oid !== undefined && ref !== undefined && refs.includes(ref)) found.set(ref, oid);
    }
    return { ok: true, value: found };
  } catch (error) {
    return stopOfGit(error, remote.what, remote.url);
  }
}
