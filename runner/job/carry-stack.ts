/**
 * The stack on its new base: replayed, or, after a person has resolved it, accounted for.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import { accountResolved } from "../git/account.ts";
import type { EngineFailure, EngineResult } from "../git/failure.ts";
import { replayStack } from "../git/replay.ts";
import type { ReplayRequest } from "../git/replay-request.ts";
import { rememberedResolver } from "../git/rerere-apply.ts";
import { firstOf, type Resolver } from "../git/resolution.ts";
import { SigningError } from "../git/sign.ts";
import { commitIdentity } from "./commit-identity.ts";
import { describeConflicts } from "./conflict-message.ts";
import { type JobStop, type Step, stopped } from "./job-stop.ts";
import type { Mirror } from "./mirror.ts";
import { promisedBy } from "./mirror-contents.ts";
import { fetchCommit } from "./mirror-fetch.ts";
import { memoryOf } from "./remember.ts";
import { resolveBase, resolveHead, resolveInFork, resolveOnto } from "./resolve-onto.ts";
import { commandResolver } from "./resolver-command.ts";
import type { RepositoryJob, WorkTools } from "./work.ts";
import { makeWorkFolder, removeFolder } from "./work-folder.ts";

/** The report; with a stop when there are conflicts. */
export type Carried = { report: StackReport; stop?: JobStop };

export async function carryStack(mirror: Mirror, envelope: RepositoryJob, tools: WorkTools): Promise<Step<Carried>> {
  const { stack } = envelope;
  const head = await resolveHead(mirror, stack.branch);
  if (!head.ok) return head;
  const onto = await resolveOnto(mirror, envelope);
  if (!onto.ok) return onto;
  const request = {
    gitDir: mirror.gitDir,
    stackId: stack.id,
    branch: stack.branch,
    headOid: head.value,
    ...(await resolveBase(mirror, stack)),
    onto: onto.value,
    ...commitIdentity(mirror.env),
    promised: await promisedBy(mirror),
    signal: mirror.signal,
  };
  const resolvedRef = envelope.resume?.resolvedRef;
  tools.log(`carrying ${stack.branch} (${head.value}) onto ${onto.value.ref} (${onto.value.oid})`);
  const folder = makeWorkFolder(tools.home.work, "replay");
  try {
    return resolvedRef === undefined
      ? await replay(mirror, { ...request, folder }, envelope, tools)
      : await account(mirror, { ...request, folder }, resolvedRef, envelope, tools);
  } catch (error) {
    if (!(error instanceof SigningError)) throw error;
    return stopped("blocked", "signing_failed", `the carried patches cannot be signed: ${error.message}`);
  } finally {
    removeFolder(folder);
  }
}

async function replay(
  mirror: Mirror,
  request: ReplayRequest,
  envelope: RepositoryJob,
  tools: WorkTools,
): Promise<Step<Carried>> {
  tools.progress({ stage: "replay" });
  const replayed = await replayResolving(mirror, request, envelope, tools);
  if (!replayed.ok) return stopOfEngine(replayed.reason);
  const { report } = replayed;
  return { ok: true, value: { report, stop: conflictStop(report, envelope.attemptId) } };
}

/** Undefined when nothing conflicts. */
export function conflictStop(report: StackReport, attemptId: string): JobStop | undefined {
  const conflicted = report.patches.filter((patch) => patch.outcome === "conflicted");
  if (conflicted.length === 0) return undefined;
  return {
    outcome: "needs_intervention",
    code: "conflict",
    message: describeConflicts(report, conflicted, attemptId),
  };
}

async function account(
  mirror: Mirror,
  request: ReplayRequest,
  resolvedRef: string,
  envelope: RepositoryJob,
  tools: WorkTools,
): Promise<Step<Carried>> {
  tools.progress({ stage: "account for the resolution" });
  let resolvedOid = await resolveInFork(mirror, resolvedRef);
  if (resolvedOid === undefined && (await fetchCommit(mirror, resolvedRef))) resolvedOid = resolvedRef;
  if (resolvedOid === undefined)
    return stopped(
      "needs_intervention",
      "resolved_ref_missing",
      `the fork (${mirror.fork.url}) has no branch or commit '${resolvedRef}'; push it there and resume again`,
    );
  const answer = await accountResolved({ ...request, resolvedOid, note: envelope.resume?.note ?? "" });
  return answer.ok ? { ok: true, value: { report: answer.report } } : stopOfEngine(answer.reason);
}

/** Remembered resolutions first; the policy's resolver command only for what they leave. */
async function replayResolving(
  mirror: Mirror,
  request: ReplayRequest,
  envelope: RepositoryJob,
  tools: WorkTools,
): Promise<EngineResult<{ report: StackReport }>> {
  const { rememberResolutions, resolver, deadlines } = envelope.stack.policy;
  const memory = rememberResolutions ? await memoryOf(mirror) : undefined;
  const remembered = memory === undefined ? [] : [rememberedResolver(memory)];
  const first = await replayWith(remembered, request, tools);
  if (!first.ok || resolver === undefined || first.report.result !== null) return first;
  const command = commandResolver({
    command: resolver,
    timeoutSeconds: deadlines.verifySeconds,
    tools,
    env: mirror.env,
    onto: { ref: request.onto.ref, oid: request.onto.oid },
    patches: first.report.patches,
  });
  tools.progress({ stage: "resolver" });
  const second = await replayWith([...remembered, command], request, tools);
  if (!second.ok || second.report.result !== null) return second;
  // Half a resolution helps nobody: a person sees the conflicts as they are.
  const warning = "the resolver command was tried and left conflicts; nothing of its work is used";
  return { ok: true, report: { ...first.report, warnings: [...first.report.warnings, warning] } };
}

async function replayWith(
  resolvers: readonly Resolver[],
  request: ReplayRequest,
  tools: WorkTools,
): Promise<EngineResult<{ report: StackReport }>> {
  const marked = markedResolver(firstOf(resolvers));
  const { resolve } = marked;
  const answer = await replayStack({ ...request, objects: "keep", onProgress: throttled(tools), resolve });
  if (!answer.ok) return answer;
  return { ok: true, report: { ...answer.report, warnings: [...answer.report.warnings, ...marked.told] } };
}

/** A resolver whose work is also told in the report's warnings: nobody merged it by hand. */
function markedResolver(resolver: Resolver | undefined): { resolve?: Resolver; told: string[] } {
  const told: string[] = [];
  if (resolver === undefined) return { told };
  return {
    told,
    resolve: async (conflict) => {
      const resolution = await resolver(conflict);
      if (resolution !== undefined) told.push(`'${conflict.patch.commit.subject}' was ${resolution.note}`);
      return resolution;
    },
  };
}

/** Progress is advice: one word in a hundred patches is enough. */
function throttled(tools: WorkTools): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    if (done !== total && done - last < 100) return;
    last = done;
    tools.progress({ stage: "replay", done, total });
  };
}

/** What an engine's refusal means for the attempt. */
export function stopOfEngine(reason: EngineFailure): { ok: false; stop: JobStop } {
  const { code, message } = reason;
  switch (code) {
    case "git_too_old":
    case "not_a_repository":
    case "missing_objects":
      return { ok: false, stop: { outcome: "failed", code, message, infrastructure: true } };
    case "ref_missing":
    case "bad_ref_name":
      return stopped("failed", code, message);
    case "shallow_no_merge_base":
      return stopped(
        "needs_intervention",
        code,
        "the branch and the new base share no commit, because the fork or upstream is shallow: its history ends too " +
          "early; push the whole history there (`git fetch --unshallow` where it comes from), then resume",
      );
    case "unrelated_histories":
    case "base_not_ancestor":
    case "not_on_onto":
    case "patches_unaccounted":
      return stopped("needs_intervention", code, message);
  }
}
