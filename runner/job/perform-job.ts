/**
 * The work on one job: fetch, replay or account, verify, push, read back.
 *
 * Everything that can go wrong in the world outside is a result with a code; the outcome says who is
 * to act next.
 *
 * @module
 */
import { isMaintenance } from "../../worker/contract/attempt.ts";
import type { StackReport } from "../../worker/contract/report.ts";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { repositoriesOf } from "../../worker/contract/stack.ts";
import type { Environment } from "../client/settings.ts";
import { count } from "../client/table.ts";
import { performFlows } from "../flow/perform-flows.ts";
import { GitError } from "../git/git-error.ts";
import { pruneCaches } from "./cache-folders.ts";
import { carryStack } from "./carry-stack.ts";
import { systemClock } from "./clock.ts";
import { resultOfStop, type Step, stopOfGit, stopped } from "./job-stop.ts";
import { landCandidate } from "./land.ts";
import { type Mirror, openMirror } from "./mirror.ts";
import { bringCheckouts, stopOfMissing } from "./mirror-contents.ts";
import { fetchMirror } from "./mirror-fetch.ts";
import { healing } from "./mirror-heal.ts";
import { mirrorLimit, pruneMirrors } from "./mirror-limit.ts";
import { promoteCandidate } from "./promote.ts";
import { pushCandidate } from "./push.ts";
import { rememberResolution } from "./remember.ts";
import { verifyStack } from "./verify-stack.ts";
import type { RepositoryJob, WorkTools } from "./work.ts";
import { changedWorkflows, deniesWorkflows, workflowStop } from "./workflow-files.ts";

/** Does the work of one envelope. Throws the signal's reason when that is aborted. */
export async function performJob(
  envelope: JobEnvelope,
  tools: WorkTools,
  env: Environment = process.env,
): Promise<AttemptResult> {
  const log = (text: string) => tools.log(tools.redact(text));
  try {
    return await perform(envelope, { ...tools, log }, env);
  } catch (error) {
    // Whatever an abort broke on the way, the abort is the reason.
    tools.signal.throwIfAborted();
    if (error instanceof GitError) {
      const { stop } = stopOfGit(error, "git", envelope.stack.id);
      return resultOfStop(stop);
    }
    throw error;
  }
}

async function perform(envelope: JobEnvelope, tools: WorkTools, env: Environment): Promise<AttemptResult> {
  const { stack } = envelope;
  tools.log(`${envelope.operation} of stack ${stack.id} (attempt ${envelope.attemptId}, hand-out ${envelope.epoch})`);
  // Landing and promotion move a branch to a commit, whoever made it.
  if (stack.policy.work === "flow" && isMaintenance(envelope.operation)) return performFlows(envelope, tools, env);
  const repositories = repositoriesOf(stack);
  if (repositories === undefined)
    return resultOfStop(
      stopped(
        "failed",
        "no_repositories",
        `stack '${stack.id}' names no upstream, fork and branch to work on; declare them, then replay the event`,
      ).stop,
    );
  return onMirror({ ...envelope, stack: { ...stack, ...repositories } }, tools, env);
}

async function onMirror(envelope: RepositoryJob, tools: WorkTools, env: Environment): Promise<AttemptResult> {
  const { stack } = envelope;
  tools.progress({ stage: "wait for the mirror" });
  const mirror = await openMirror({
    home: tools.home,
    forkUrl: stack.fork.url,
    upstreamUrl: stack.upstream.url,
    clock: systemClock,
    env,
    signal: tools.signal,
  });
  tools.signal.throwIfAborted();
  if (mirror === undefined) throw new Error("the mirror's lock was not given and nobody stopped the wait");
  try {
    const work = () =>
      fetchAndWork(mirror, envelope, tools, env).catch(async (error: unknown) =>
        resultOfStop((await stopOfMissing(mirror, error)).stop),
      );
    const result = await healing(mirror, tools.log, work, failureOf);
    pruneCaches(tools.home.caches, mirrorLimit(env));
    const removed = await pruneMirrors(tools.home, mirrorLimit(env));
    if (removed.length > 0) tools.log(`removed ${count(removed.length, "mirror")} that no job used for longest`);
    return result;
  } finally {
    mirror.release();
  }
}

async function fetchAndWork(
  mirror: Mirror,
  envelope: RepositoryJob,
  tools: WorkTools,
  env: Environment,
): Promise<AttemptResult> {
  const { stack } = envelope;
  const startedAt = performance.now();
  tools.progress({ stage: "fetch" });
  tools.log(`fetching upstream ${stack.upstream.url} and fork ${stack.fork.url}`);
  const fetched = await fetchMirror(mirror);
  if (!fetched.ok) return resultOfStop(fetched.stop);
  const fetchSeconds = secondsSince(startedAt);
  if (envelope.operation === "land") return land(mirror, envelope, tools);
  if (envelope.operation === "promote") return promote(mirror, envelope, tools);
  return maintain(mirror, envelope, tools, env, fetchSeconds);
}

/** The code of an end that a broken mirror may have caused. */
function failureOf({ outcome, reason }: AttemptResult): string | undefined {
  return outcome === "failed" || outcome === "blocked" ? reason?.code : undefined;
}

async function land(mirror: Mirror, envelope: JobEnvelope, tools: WorkTools): Promise<AttemptResult> {
  if (envelope.land === undefined)
    return resultOfStop(stopped("failed", "nothing_to_land", "the job says land and not what").stop);
  tools.progress({ stage: "land" });
  tools.log(`landing ${envelope.land.oid} on ${envelope.land.branch}, expected at ${envelope.land.expectedOid}`);
  if (!tools.push) return { outcome: "skipped", infrastructure: false, candidates: [] };
  await tools.confirm?.();
  const step = await landCandidate(mirror, envelope.land, { stackId: envelope.stack.id, number: envelope.number });
  return step.ok ? step.value : resultOfStop(step.stop);
}

async function promote(mirror: Mirror, { promote: promotion }: JobEnvelope, tools: WorkTools): Promise<AttemptResult> {
  if (promotion === undefined)
    return resultOfStop(stopped("failed", "nothing_to_promote", "the job says promote and not what").stop);
  tools.progress({ stage: "promote" });
  tools.log(`promoting ${promotion.oid} to the channel ${promotion.channel} (${promotion.ref})`);
  if (!tools.push) return { outcome: "skipped", infrastructure: false, candidates: [] };
  await tools.confirm?.();
  const step = await promoteCandidate(mirror, promotion);
  return step.ok ? step.value : resultOfStop(step.stop);
}

async function maintain(
  mirror: Mirror,
  envelope: RepositoryJob,
  tools: WorkTools,
  env: Environment,
  fetchSeconds: number,
): Promise<AttemptResult> {
  const { stack } = envelope;
  const carried = await carryStack(mirror, envelope, tools);
  if (!carried.ok) return resultOfStop(carried.stop);
  const report = withTimings(carried.value.report, { fetch: fetchSeconds });
  logReport(report, tools);
  const isThere = report.result?.oid === report.head.oid;
  const workflows = deniesWorkflows(env) && !isThere ? await changedWorkflows(mirror, report) : [];
  const denied = workflows.length > 0 ? workflowStop(workflows, report).stop : undefined;
  if (carried.value.stop !== undefined) {
    // Both in one sitting: who resolves the conflict should know what comes after it.
    const warnings = [...report.warnings, ...(denied === undefined ? [] : [denied.message])];
    return resultOfStop(carried.value.stop, { ...report, warnings });
  }
  if (denied !== undefined) return resultOfStop(denied, report);
  if (report.result === null) throw new Error("a stack without conflicts has a result");
  if (isThere) {
    tools.log(`nothing to change: ${stack.branch} stands on ${report.onto.ref} already`);
    return { outcome: "completed", infrastructure: false, report, candidates: [] };
  }
  // A checkout has no access to upstream.
  if (stack.policy.verify.length > 0)
    await bringCheckouts(mirror, [report.result.oid, report.onto.oid], stack.policy.verification?.sparse);
  const verify = tools.verify ?? verifyStack;
  const verified = await verify({
    mirror,
    tools,
    env,
    commands: stack.policy.verify,
    timeoutSeconds: stack.policy.deadlines.verifySeconds,
    how: stack.policy.verification,
    report,
  });
  if (verified.stop !== undefined) return resultOfStop(verified.stop, verified.report);
  const result = await pushResult(mirror, envelope, tools, verified.report, report.result.oid);
  const isResolution = envelope.resume?.resolvedRef !== undefined && stack.policy.rememberResolutions;
  if (!isResolution || result.report === undefined || result.outcome !== "changed" || !tools.push) return result;
  const warning = await rememberResolution(mirror, result.report, tools);
  if (warning === undefined) return result;
  tools.log(`warning: ${warning}`);
  return { ...result, report: { ...result.report, warnings: [...result.report.warnings, warning] } };
}

async function pushResult(
  mirror: Mirror,
  envelope: RepositoryJob,
  tools: WorkTools,
  report: StackReport,
  oid: string,
): Promise<AttemptResult> {
  tools.signal.throwIfAborted();
  const ref = `refs/heads/${envelope.candidateRef}`;
  if (!tools.push) {
    tools.log(`not pushed, as asked: ${oid} would become ${ref}`);
    return { outcome: "changed", infrastructure: false, report, candidates: [{ kind: "branch", ref, oid }] };
  }
  tools.progress({ stage: "push" });
  await tools.confirm?.();
  const startedAt = performance.now();
  const pushed: Step<string> = await pushCandidate(mirror, {
    name: envelope.candidateRef,
    number: envelope.number,
    oid,
    branch: envelope.stack.branch,
    head: report.head.oid,
  });
  const timed = withTimings(report, { push: secondsSince(startedAt) });
  if (!pushed.ok) return resultOfStop(pushed.stop, timed);
  tools.log(`candidate ${pushed.value} is ${oid}`);
  return {
    outcome: "changed",
    infrastructure: false,
    report: timed,
    candidates: [{ kind: "branch", ref: pushed.value, oid }],
  };
}

function logReport(report: StackReport, tools: WorkTools): void {
  for (const patch of report.patches) {
    const note = patch.note === undefined ? "" : ` (${patch.note})`;
    tools.log(`  ${patch.outcome.padEnd(10)} ${patch.oid.slice(0, 12)} ${patch.subject}${note}`);
    for (const conflict of patch.conflicts ?? []) tools.log(`    ${conflict.kind}: ${conflict.path}`);
  }
  for (const warning of report.warnings) tools.log(`warning: ${warning}`);
}

function withTimings(report: StackReport, timings: Partial<StackReport["timings"]>): StackReport {
  return { ...report, timings: { ...report.timings, ...timings } };
}

function secondsSince(startedAt: number): number {
  return Math.round(performance.now() - startedAt) / 1000;
}
