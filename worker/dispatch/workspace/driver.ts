/**
 * Workspace backends as execution surfaces: their runs do the work, and are read back.
 *
 * @module
 */
import {
  combineStatuses,
  FlowStatus,
  mergeCandidates,
  type NamedRef,
  refsInArtifacts,
} from "../../contract/flow-result.ts";
import { Reason } from "../../contract/primitives.ts";
import { StackReport } from "../../contract/report.ts";
import type { AttemptResult } from "../../contract/runner-wire.ts";
import { CAPABILITIES, type Surface, type SurfaceRun } from "../../contract/surface.ts";
import { fail, ok, type Result } from "../../platform/result.ts";
import type { CancelAnswer, DispatchAnswer, Driver, DriverContext, HandOut, StatusAnswer } from "../driver.ts";
import { openWorkspace, type WorkspaceSurface } from "./open.ts";
import {
  ask,
  baseOf,
  DispatchReply,
  RunAnswer,
  RunList,
  type Workspace,
  type WorkspaceFailure,
  type WorkspaceRun,
} from "./wire.ts";

/** Known runs that are asked for one by one where a list does not name them. */
const MOST_RUNS = 20;

/** Candidates that an attempt takes, as from a runner. */
const MOST_CANDIDATES = 20;

export const workspaceHttp = workspaceDriver<Extract<Surface, { driver: "workspace-http" }>>("workspace-http");
export const workspaceWs = workspaceDriver<Extract<Surface, { driver: "workspace-ws" }>>("workspace-ws");

function workspaceDriver<S extends WorkspaceSurface>(name: S["driver"]): Driver<S> {
  return { name, capabilities: CAPABILITIES[name], dispatch, status, cancel };
}

async function dispatch(handOut: HandOut, surface: WorkspaceSurface, context: DriverContext): Promise<DispatchAnswer> {
  const opened = await openWorkspace(surface, context);
  if (!opened.ok) return { kind: "refused", reason: opened.failure };
  const { call, url } = opened.value;
  const { event, operation, earlierRuns } = handOut;
  const again = operation === "replay" || operation === "retry" || earlierRuns.length > 0;
  let told = again ? await ask(call, { method: "replay", eventId: event.id }, DispatchReply) : undefined;
  // It was never told of the event, or has forgotten it.
  if (told === undefined || (!told.ok && told.failure.kind === "not_found"))
    told = await ask(call, { method: "dispatch", event }, DispatchReply);
  if (!told.ok) return notTaken(told.failure);
  const { runIds, matched } = told.value;
  if (runIds.length === 0 && (matched === 0 || matched === false))
    return { kind: "nothing", message: "no flow of the workspace matches the event" };
  return { kind: "taken", runs: runIds.map((id) => runOf(id, url)) };
}

function notTaken({ kind, reason, afterSeconds }: WorkspaceFailure): DispatchAnswer {
  if (kind === "later" || kind === "unclear") return { kind, reason, afterSeconds };
  return { kind: "refused", reason };
}

async function status(handOut: HandOut, surface: WorkspaceSurface, context: DriverContext): Promise<StatusAnswer> {
  const opened = await openWorkspace(surface, context);
  if (!opened.ok) return { kind: "unknown", reason: opened.failure };
  const { call, url } = opened.value;
  const found = await runsOf(call, handOut);
  if (!found.ok) return { kind: "unknown", reason: found.failure.reason, afterSeconds: found.failure.afterSeconds };
  const own = found.value;
  if (own.length === 0) return { kind: "absent" };
  const runs = own.map((run) => runOf(run.id, url));
  const states = own.map(stateOf);
  if (states.includes("running")) return { kind: "running", runs };
  if (states.includes("waiting"))
    return { kind: states.some((state) => state !== "waiting") ? "running" : "waiting", runs };
  const result = resultOf(
    handOut.stackId,
    own,
    states.map((state) => FlowStatus.parse(state)),
  );
  return { kind: "ended", runs, result, message: result.reason?.message ?? result.outcome };
}

async function cancel(handOut: HandOut, surface: WorkspaceSurface, context: DriverContext): Promise<CancelAnswer> {
  const opened = await openWorkspace(surface, context);
  if (!opened.ok) return fail({ message: opened.failure.message, again: false });
  const { call } = opened.value;
  const found = await runsOf(call, handOut);
  const own = found.ok ? found.value.filter((run) => ["waiting", "running"].includes(stateOf(run))) : handOut.runs;
  for (const { id: runId } of own) {
    const stopped = await call({ method: "cancelRun", runId });
    if (stopped.ok || stopped.failure.kind === "not_found") continue;
    const { kind, reason, afterSeconds } = stopped.failure;
    return fail({ message: reason.message, again: kind !== "refused", retryAfterSeconds: afterSeconds });
  }
  return ok(undefined);
}

/** The runs of this hand-out: of its event, and of no other hand-out. */
async function runsOf(call: Workspace, handOut: HandOut): Promise<Result<WorkspaceRun[], WorkspaceFailure>> {
  const listed = await ask(call, { method: "listRuns", eventId: handOut.event.id }, RunList);
  // A list that is too long or not understood is no reason to forget the runs that are known by name.
  if (!listed.ok && (listed.failure.kind !== "unclear" || handOut.runs.length === 0)) return listed;
  const all = listed.ok ? listed.value : [];
  const earlier = new Set(handOut.earlierRuns);
  // A backend may not know the filter.
  const ofEvent = all.filter((run) => run.eventId === undefined || run.eventId === handOut.event.id);
  const own = ofEvent.filter((run) => !earlier.has(run.id));
  for (const { id } of handOut.runs.slice(0, MOST_RUNS)) {
    if (own.some((run) => run.id === id)) continue;
    const one = await ask(call, { method: "getRun", runId: id }, RunAnswer);
    if (one.ok) own.push(one.value);
    else if (one.failure.kind !== "not_found") return one;
  }
  return ok(own);
}

/** A reason's code, where the flow gave one. */
const Code = Reason.shape.code;

const WAITING = new Set(["queued", "pending", "created", "scheduled", "waiting"]);
const SUCCEEDED = new Set(["success", "succeeded", "done", "ok"]);
const BROKEN = new Set(["error", "errored", "crashed", "cancelled", "canceled", "aborted", "timed_out", "timeout"]);

/** What a run ended with, or that it has not. Words that nobody knows mean that it is still at it. */
function stateOf({ status, effectiveStatus, resultPayload }: WorkspaceRun): FlowStatus | "waiting" | "running" {
  const word = effectiveStatus ?? status ?? resultPayload?.status ?? "";
  const made = FlowStatus.safeParse(resultPayload?.status);
  const known = FlowStatus.safeParse(word);
  if (WAITING.has(word)) return "waiting";
  if (BROKEN.has(word)) return "failed";
  if (known.success && known.data !== "completed") return known.data;
  if (known.success || SUCCEEDED.has(word)) return made.success ? made.data : "completed";
  return "running";
}

function resultOf(stackId: string, runs: readonly WorkspaceRun[], states: readonly FlowStatus[]): AttemptResult {
  const outcome = combineStatuses(states);
  const refs = runs.flatMap((run) => refsInArtifacts(run.resultPayload?.artifacts ?? undefined));
  const candidates = mergeCandidates(refs).slice(0, MOST_CANDIDATES);
  const said = runs.find((run, i) => states[i] === outcome && run.resultPayload?.message !== undefined);
  const text = said?.resultPayload?.message?.trim() ?? "";
  const message = (text === "" ? `the workspace's run ended ${outcome}` : text).slice(0, 4000);
  const reason =
    outcome === "changed" && candidates.length === 0
      ? { code: "candidate_unnamed", message: `${message.slice(0, 3000)}; ${unnamed(refs)}`.slice(0, 4000) }
      : { code: Code.safeParse(said?.resultPayload?.artifacts?.code).data ?? `run_${outcome}`, message };
  const report = runs.map(reportIn).findLast((one) => one !== undefined);
  return {
    outcome,
    candidates,
    infrastructure: false,
    reason,
    ...(report === undefined ? {} : { report: { ...report, stackId } }),
  };
}

/** A flow that worked as the built-in replay does may hand on its report. */
function reportIn({ resultPayload }: WorkspaceRun): StackReport | undefined {
  return StackReport.safeParse(resultPayload?.artifacts?.report).data;
}

/** A name alone may stand elsewhere by now: it is said, and no candidate. */
function unnamed(refs: readonly NamedRef[]): string {
  const names = [...new Set(refs.map(({ ref }) => ref))].join(", ");
  return names === "" ? "it names no candidate ref" : `it names ${names} without a full commit id`;
}

/** Over HTTP a run has an address that a person can open. */
function runOf(id: string, url: string): SurfaceRun {
  if (!url.startsWith("http")) return { id };
  return { id, url: `${baseOf(url)}/runs/${encodeURIComponent(id)}` };
}
