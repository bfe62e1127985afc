/**
 * An event and a workspace: which steps run, all of them one after the other, and the one outcome that
 * they make together.
 *
 * @module
 */
import {
  combineStatuses,
  type FlowStepReport,
  mergeCandidates,
  type NamedRef,
  refsInArtifacts,
} from "../../worker/contract/flow-result.ts";
import { StackReport } from "../../worker/contract/report.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import type { Environment } from "../client/settings.ts";
import { count } from "../client/table.ts";
import { resultOfStop, stopped } from "../job/job-stop.ts";
import type { WorkTools } from "../job/work.ts";
import { readWorkspace } from "./flow-package.ts";
import { matchEvent, type PassedOver } from "./match-event.ts";
import type { PackageEvent } from "./package-event.ts";
import { prepareStep, type RunnableStep, runStep, type StepEnd } from "./run-step.ts";
import { type StepRuntime, type StepStack, stepContext } from "./step-context.ts";

/** Bytes of artifacts that one step, and all steps together, may put into a report. */
const MAX_ARTIFACTS = 64 * 1024;
const MAX_ALL_ARTIFACTS = 256 * 1024;

/** The wire takes so many. */
const MAX_CANDIDATES = 20;

export type FlowRequest = {
  /** The workspace's folder; undefined when the runner was given none. */
  workspace: string | undefined;
  event: PackageEvent;
  runtime: StepRuntime;
  stack?: StepStack;
  tools: WorkTools;
  env: Environment;
};

export async function runFlows(request: FlowRequest): Promise<AttemptResult> {
  const { tools } = request;
  const plan = planFlows(request.workspace, request.event, request.env);
  if (!plan.ok) return resultOfStop(stopped("blocked", plan.code, plan.message).stop);
  for (const { flow, step, why } of plan.passedOver) tools.log(`${flow}/${step} is not for this event: ${why}`);
  if (plan.steps.length === 0) return nothingMatches(request.event, plan.passedOver);
  const ends: { step: RunnableStep; end: StepEnd }[] = [];
  for (const [done, step] of plan.steps.entries()) {
    const name = nameOf(step);
    tools.progress({ stage: name.slice(0, 64), done, total: plan.steps.length });
    tools.log(`${name} (${step.step.runner} ${step.step.script})`);
    const end = await runStep({
      step,
      context: stepContext(step, request.event, request.runtime, request.stack),
      under: tools.home.work,
      env: request.env,
      signal: tools.signal,
      redact: tools.redact,
      log: tools.log,
    });
    tools.log(`${name}: ${end.status} after ${end.seconds} s: ${end.message}`);
    ends.push({ step, end });
  }
  return resultOf(ends, request.stack?.id);
}

export type FlowPlan =
  | { ok: true; root: string; steps: RunnableStep[]; passedOver: PassedOver[] }
  | { ok: false; code: string; message: string };

/**
 * What would run, before anything does. Where one package or step cannot be judged or cannot run here,
 * nothing may: the rest would run twice, now and when that is mended.
 */
export function planFlows(folder: string | undefined, event: PackageEvent, env: Environment): FlowPlan {
  if (folder === undefined || folder === "")
    return refused(
      "no_flow_packages",
      "this runner has no flow packages; set PATCH_MOI_FLOWS to the workspace folder that has them, or give the stack runnerLabels that only runners with packages have",
    );
  const workspace = readWorkspace(folder);
  if (workspace === undefined)
    return refused("no_flow_packages", `the workspace '${folder}' is no folder; correct PATCH_MOI_FLOWS`);
  const [broken] = workspace.broken;
  if (broken !== undefined)
    return refused("flow_package_invalid", `${broken.file}: ${broken.problem}${andMore(workspace.broken)}; correct it`);
  if (workspace.packages.length === 0)
    return refused(
      "no_flow_packages",
      `${workspace.root} has no flow packages; each is a folder with a flow.toml in .codex/flows or flows`,
    );
  const { matched, passedOver, unusable } = matchEvent(workspace, event);
  const [bad] = unusable;
  if (bad !== undefined)
    return refused("flow_package_invalid", `${bad.flow}/${bad.step}: ${bad.why}${andMore(unusable)}`);
  const steps: RunnableStep[] = [];
  for (const match of matched) {
    const prepared = prepareStep(match, env);
    if (!prepared.ok) return refused(prepared.code, `${nameOf(match)}: ${prepared.problem}; nothing was run`);
    steps.push(prepared.step);
  }
  return { ok: true, root: workspace.root, steps, passedOver };
}

function refused(code: string, message: string): { ok: false; code: string; message: string } {
  return { ok: false, code, message };
}

function andMore(all: readonly unknown[]): string {
  return all.length > 1 ? ` (and ${all.length - 1} more)` : "";
}

function nameOf({ package: flow, step }: Pick<RunnableStep, "package" | "step">): string {
  return `${flow.manifest.name}/${step.name}`;
}

function nothingMatches(event: PackageEvent, passedOver: readonly PassedOver[]): AttemptResult {
  const [first] = passedOver;
  const why =
    first === undefined ? "" : `; ${first.flow}/${first.step} would be, but ${first.why}${andMore(passedOver)}`;
  const message = `no step of the installed packages is for this event (${event.type})${why}`;
  return {
    outcome: "skipped",
    infrastructure: false,
    candidates: [],
    steps: [],
    reason: { code: "no_step_matches", message: message.slice(0, 4000) },
  };
}

function resultOf(ends: readonly { step: RunnableStep; end: StepEnd }[], stackId: string | undefined): AttemptResult {
  const outcome = combineStatuses(ends.map(({ end }) => end.status));
  const deciding = ends.filter(({ end }) => end.status === outcome);
  const [first] = deciding;
  const refs: NamedRef[] = ends.flatMap(({ end }) => refsInArtifacts(end.artifacts));
  const report = ends.map(({ end }) => reportIn(end)).findLast((one) => one !== undefined);
  const needsReason = outcome === "needs_intervention" || outcome === "blocked" || outcome === "failed";
  return {
    outcome,
    infrastructure: false,
    candidates: mergeCandidates(refs).slice(0, MAX_CANDIDATES),
    steps: withinLimit(ends.map(({ step, end }) => stepReport(step, end))),
    ...(report === undefined || stackId === undefined ? {} : { report: { ...report, stackId } }),
    ...(needsReason && first !== undefined ? { reason: reasonOf(first.step, first.end, deciding.length) } : {}),
  };
}

/** A step that worked with the built-in replay may hand on its report. */
function reportIn(end: StepEnd): StackReport | undefined {
  return StackReport.safeParse(end.artifacts?.report).data;
}

function reasonOf(step: RunnableStep, end: StepEnd, deciding: number): { code: string; message: string } {
  const more = deciding > 1 ? ` (and ${count(deciding - 1, "more step")} ended so)` : "";
  return { code: end.code, message: `${nameOf(step)}: ${end.message}`.slice(0, 3900) + more };
}

function stepReport({ package: flow, step }: RunnableStep, end: StepEnd): FlowStepReport {
  const { name, version } = flow.manifest;
  const base = { flow: name, version, step: step.name, status: end.status, message: end.message, seconds: end.seconds };
  if (end.artifacts === undefined) return base;
  // The stack's report goes into the attempt's own.
  const { report: _, ...artifacts } = end.artifacts;
  const kept = reportIn(end) === undefined ? end.artifacts : artifacts;
  if (Object.keys(kept).length === 0) return base;
  return bytes(kept) <= MAX_ARTIFACTS ? { ...base, artifacts: kept } : { ...base, artifactsTrimmed: true };
}

/** Without the artifacts of the last steps, where all together are too large for a report. */
function withinLimit(steps: readonly FlowStepReport[]): FlowStepReport[] {
  let left = MAX_ALL_ARTIFACTS;
  return steps.map((step) => {
    if (step.artifacts === undefined) return step;
    left -= bytes(step.artifacts);
    if (left >= 0) return step;
    const { artifacts: _, ...rest } = step;
    return { ...rest, artifactsTrimmed: true };
  });
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
