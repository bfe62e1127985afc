/**
 * The runner's own work for steps of flow packages: the same fetch, replay, verification and push that
 * a stack without packages gets, in a repository of the step's. A step imports it from the address in
 * `PATCH_MOI_BUILT_IN`.
 *
 * Whatever goes wrong outside is an answer with the status, code and message that a step may end with.
 *
 * @module
 * @example
 * const { replay } = await import(process.env.PATCH_MOI_BUILT_IN);
 * const carried = await replay({ repo: "../../fork", branch: "office", onto: "v2.1.0" });
 * if (!carried.ok) return { status: carried.status, message: carried.message, artifacts: { code: carried.code } };
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlowStatus } from "../../worker/contract/flow-result.ts";
import type { StackReport } from "../../worker/contract/report.ts";
import type { Environment } from "../client/settings.ts";
import { type LocalReplayRequest, localReplay } from "../git/local-replay.ts";
import { runGit } from "../git/process.ts";
import { findGitDir } from "../git/repository.ts";
import { conflictStop, stopOfEngine } from "../job/carry-stack.ts";
import { commitIdentity } from "../job/commit-identity.ts";
import { openDataHome } from "../job/data-home.ts";
import { type JobStop, stopOfGit } from "../job/job-stop.ts";
import { type CandidateRequest, pushCandidate } from "../job/push.ts";
import { environmentSecrets, makeRedactor } from "../job/redact.ts";
import { describeRemote } from "../job/remote.ts";
import { verifyStack } from "../job/verify-stack.ts";

export type BuiltInStop = { ok: false; status: FlowStatus; code: string; message: string; report?: StackReport };

export type ReplayOptions = Pick<LocalReplayRequest, "repo" | "branch" | "onto" | "base" | "baseIs" | "resolved"> & {
  /** How the report calls onto, where it is found under another name. */
  ontoName?: string;
  /** How the report calls the branch. */
  branchName?: string;
  /** Named in what a person is told to do. */
  attemptId?: string;
};

/** Carries the branch's patches onto another commit; makes commits and no refs. */
export async function replay(
  options: ReplayOptions,
  env: Environment = process.env,
): Promise<{ ok: true; gitDir: string; report: StackReport; alreadyThere: boolean } | BuiltInStop> {
  const { ontoName, branchName, attemptId = "ATTEMPT", ...request } = options;
  try {
    const answer = await localReplay({ ...request, ...commitIdentity(env) });
    if (!answer.ok) return stop(stopOfEngine(answer.reason).stop);
    const { gitDir, alreadyThere } = answer.replay;
    const read = answer.replay.report;
    const onto = { ...read.onto, ref: ontoName ?? read.onto.ref };
    const report = { ...read, onto, branch: branchName ?? read.branch };
    const conflicts = conflictStop(report, attemptId);
    return conflicts === undefined ? { ok: true, gitDir, report, alreadyThere } : stop(conflicts, report);
  } catch (error) {
    return stop(stopOfGit(error, "the repository", options.repo).stop);
  }
}

/** Runs commands in a throw-away checkout of the report's result; the answer's report tells of them. */
export async function verify(
  request: { gitDir: string; report: StackReport; commands: readonly string[]; timeoutSeconds: number },
  env: Environment = process.env,
): Promise<{ ok: true; report: StackReport } | BuiltInStop> {
  const { gitDir, ...rest } = request;
  const redact = makeRedactor(environmentSecrets(env));
  const verified = await verifyStack({
    ...rest,
    mirror: { gitDir },
    env,
    tools: {
      home: openDataHome(join(tmpdir(), "patch-moi-built-in")),
      signal: new AbortController().signal,
      progress: () => {},
      log: (text) => void process.stderr.write(`${redact(text)}\n`),
      redact,
    },
  });
  return verified.stop === undefined ? { ok: true, report: verified.report } : stop(verified.stop, verified.report);
}

/** Fetches refspecs, with the credential of `PATCH_MOI_GIT_TOKEN` where the step was given it. */
export async function fetch(
  request: { repo: string; what: string; url: string; forkUrl?: string; refspecs: readonly string[] },
  env: Environment = process.env,
): Promise<{ ok: true } | BuiltInStop> {
  const { what, url, forkUrl = url, refspecs } = request;
  const remote = describeRemote(what, url, forkUrl, env);
  try {
    const gitDir = await findGitDir(request.repo);
    const args = ["fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head", "--end-of-options", url];
    await runGit([...args, ...refspecs], { ...remote.options, gitDir, fetchesMissing: true });
    return { ok: true };
  } catch (error) {
    return stop(stopOfGit(error, what, url).stop);
  }
}

/**
 * Creates a candidate's branch, only where none is and while the maintained branch is at `head`; the
 * answer's `ref` is the one that has it.
 */
export async function push(
  request: { gitDir: string; what: string; url: string } & CandidateRequest,
  env: Environment = process.env,
): Promise<{ ok: true; ref: string } | BuiltInStop> {
  const { gitDir, what, url, ...candidate } = request;
  const fork = describeRemote(what, url, url, env);
  const pushed = await pushCandidate({ gitDir, fork, signal: new AbortController().signal }, candidate);
  return pushed.ok ? { ok: true, ref: pushed.value } : stop(pushed.stop);
}

function stop({ outcome, code, message }: JobStop, report?: StackReport): BuiltInStop {
  return { ok: false, status: outcome, code, message, ...(report === undefined ? {} : { report }) };
}

/** The module as a step has it after its `import`. */
export type BuiltIn = { fetch: typeof fetch; replay: typeof replay; verify: typeof verify; push: typeof push };
