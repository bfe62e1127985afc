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
import { GitError } from "../git/git-error.ts";
import { gitText, runGit } from "../git/process.ts";
import type { Clock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { type Step, stopOfGit } from "./job-stop.ts";
import { touchMirror } from "./mirror-limit.ts";
import { takeLock } from "./mirror-lock.ts";
import { makePartial, partialChoice } from "./partial-mirror.ts";
import { describeRemote, FETCH_TIMEOUT_MS, type Remote } from "./remote.ts";

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

/** Throws the mirror away and starts an empty one; `whole`: whatever the runner prefers. */
export async function rebuildMirror(mirror: Mirror, whole?: "whole"): Promise<void> {
  rmSync(mirror.gitDir, { recursive: true, force: true, maxRetries: 3 });
  await runGit(["init", "--quiet", "--bare", "--end-of-options", mirror.gitDir], { cwd: "/", signal: mirror.signal });
  if (whole === undefined && partialChoice(mirror.env) !== "off") await makePartial(mirror.gitDir);
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

/** What the fork's branches held at the last fetch. */
export async function headsOfFork({ gitDir, signal }: Pick<Mirror, "gitDir" | "signal">): Promise<string[]> {
  const listed = await gitText(["for-each-ref", "--format=%(objectname)", "refs/fork/heads"], { gitDir, signal });
  return [...new Set(listed.split("\n"))].filter((oid) => oid !== "");
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
