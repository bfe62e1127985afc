/**
 * The forge that a fork lives on as an execution surface: a workflow or pipeline of the fork is started,
 * its job claims the attempt and reports by callback.
 *
 * What is handed over is `{v, attemptId, epoch, api}` and no secret: who can read the repository can read
 * the inputs of its runs.
 *
 * @module
 */
import type { ForgeKind, ForgeSettings } from "../contract/forge.ts";
import type { Reason } from "../contract/primitives.ts";
import { CAPABILITIES, type Surface } from "../contract/surface.ts";
import { type Forge, type Forged, type ForgeFailure, passes, type Run } from "../forges/forge.ts";
import { DISPATCH_VARIABLE } from "../forges/gitlab/runs.ts";
import { openForge } from "../forges/open-forge.ts";
import { fail, ok } from "../platform/result.ts";
import type { CancelAnswer, DispatchAnswer, Driver, DriverContext, HandOut, StatusAnswer } from "./driver.ts";

export type ForgeSurface = Extract<Surface, { driver: "github-actions" | "forgejo-actions" | "gitlab-ci" }>;

/** What a forge needs to know of a hand-out. */
export type ForgeHandOut = Pick<
  HandOut,
  "id" | "attemptId" | "epoch" | "config" | "runs" | "earlierRuns" | "createdAt"
>;

const KIND: Readonly<Record<ForgeSurface["driver"], ForgeKind>> = {
  "github-actions": "github",
  "forgejo-actions": "forgejo",
  "gitlab-ci": "gitlab",
};

export function isForgeSurface(surface: Surface): surface is ForgeSurface {
  return surface.driver in KIND;
}

/** Starts a run as the driver does, also for what is no attempt's hand-out. */
export function startRun(handOut: ForgeHandOut, surface: ForgeSurface, context: DriverContext) {
  return dispatch(KIND[surface.driver], handOut, surface, context);
}

/** Looks for that run as the driver does. */
export function lookAtRun(handOut: ForgeHandOut, surface: ForgeSurface, context: DriverContext) {
  return status(KIND[surface.driver], handOut, surface, context);
}

/** Clocks of forge and edge differ, and a forge rounds to seconds: runs are looked for from a little earlier. */
const CLOCK_SKEW_MS = 60_000;

export const githubActions = forgeDriver<Extract<Surface, { driver: "github-actions" }>>("github-actions", "github");
export const forgejoActions = forgeDriver<Extract<Surface, { driver: "forgejo-actions" }>>(
  "forgejo-actions",
  "forgejo",
);
export const gitlabCi = forgeDriver<Extract<Surface, { driver: "gitlab-ci" }>>("gitlab-ci", "gitlab");

function forgeDriver<S extends ForgeSurface>(name: S["driver"], kind: ForgeKind): Driver<S> {
  return {
    name,
    capabilities: CAPABILITIES[name],
    dispatch: (handOut, surface, context) => dispatch(kind, handOut, surface, context),
    status: (handOut, surface, context) => status(kind, handOut, surface, context),
    cancel: (handOut, surface, context) => cancel(kind, handOut, surface, context),
  };
}

async function dispatch(
  kind: ForgeKind,
  handOut: ForgeHandOut,
  surface: ForgeSurface,
  context: DriverContext,
): Promise<DispatchAnswer> {
  const api = context.settings.publicOrigin;
  if (api === undefined)
    return refused("not_configured", "the forge's jobs must be told where this deployment is: set PATCH_URL");
  const opened = await open(kind, handOut, surface, context);
  if (!opened.ok) return notSent(opened.failure, context);
  const forge = opened.value;
  const place = await findPlace(forge, handOut, surface);
  if (!place.ok) return notSent(place.failure, context);
  const sent = await forge.dispatch({ ...place.value, inputs: inputsOf(kind, handOut, api) });
  if (!sent.ok) return notTaken(sent.failure, place.value, context);
  const { run } = sent.value;
  return { kind: "taken", runs: run === undefined ? [] : [surfaceRun(run)] };
}

async function status(
  kind: ForgeKind,
  handOut: ForgeHandOut,
  surface: ForgeSurface,
  context: DriverContext,
): Promise<StatusAnswer> {
  const opened = await open(kind, handOut, surface, context);
  if (!opened.ok) return unknown(opened.failure, context);
  const found = await findRun(opened.value, handOut, surface);
  if (!found.ok) {
    const known = handOut.runs.at(-1);
    if (found.failure.code === "not_found" && known !== undefined)
      return { kind: "ended", runs: [known], message: `the forge has no run ${known.id} any more` };
    return unknown(found.failure, context);
  }
  const run = found.value;
  if (run === undefined) return { kind: "absent" };
  const runs = [surfaceRun(run)];
  switch (run.status) {
    case "queued":
      return { kind: "waiting", runs };
    case "running":
      return { kind: "running", runs };
    default:
      return { kind: "ended", runs, message: `the run ${run.status}: ${run.url}` };
  }
}

async function cancel(
  kind: ForgeKind,
  handOut: ForgeHandOut,
  surface: ForgeSurface,
  context: DriverContext,
): Promise<CancelAnswer> {
  const opened = await open(kind, handOut, surface, context);
  if (!opened.ok) return fail(notStopped(opened.failure, context));
  const found = await findRun(opened.value, handOut, surface);
  if (!found.ok) return found.failure.code === "not_found" ? ok(undefined) : fail(notStopped(found.failure, context));
  if (found.value === undefined) return ok(undefined);
  const stopped = await opened.value.cancelRun(found.value.id);
  return stopped.ok ? ok(undefined) : fail(notStopped(stopped.failure, context));
}

/** What the surface's own settings say wins over what the fork's say. */
function open(kind: ForgeKind, handOut: ForgeHandOut, surface: ForgeSurface, context: DriverContext): Forged<Forge> {
  const { fork } = handOut.config;
  if (fork === undefined)
    return Promise.resolve(
      fail({
        code: "unknown_forge",
        message: "the stack names no fork, so there is no repository whose workflow could run",
      }),
    );
  const apiUrl = surface.url ?? fork.forge?.apiUrl;
  const credential = surface.credential ?? fork.forge?.credential;
  const forge: ForgeSettings = {
    kind,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(credential === undefined ? {} : { credential }),
  };
  return openForge({ url: fork.url, forge }, context);
}

type Place = { workflow: string; ref: string };

/** Where the workflow is read from; refuses a repository that is not the one that was meant, or takes nothing. */
async function findPlace(forge: Forge, handOut: ForgeHandOut, surface: ForgeSurface): Forged<Place> {
  const facts = await forge.repository();
  if (!facts.ok) return facts;
  const { fullName, archived, defaultBranch } = facts.value;
  const url = handOut.config.fork?.url ?? "";
  const called = new URL(url).pathname.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "");
  // A name that was given up can be taken by a stranger: the new one is followed by nobody but a person.
  if (fullName.toLowerCase() !== called.toLowerCase())
    return fail({
      code: "moved",
      message: `'${called}' is called '${fullName}' now; correct fork.url of the stack if that is right`,
    });
  if (archived)
    return fail({ code: "archived", message: `'${fullName}' is archived; unarchive it, or pause the stack` });
  const workflow = "workflow" in surface ? surface.workflow : "";
  return ok({ workflow, ref: surface.ref ?? defaultBranch });
}

function findRun(forge: Forge, handOut: ForgeHandOut, surface: ForgeSurface): Forged<Run | undefined> {
  const known = handOut.runs.at(-1);
  if (known !== undefined) return forge.run(known.id);
  return findByName(forge, handOut, surface);
}

async function findByName(forge: Forge, handOut: ForgeHandOut, surface: ForgeSurface): Forged<Run | undefined> {
  const place = await findPlace(forge, handOut, surface);
  if (!place.ok) return place;
  const since = new Date(Date.parse(handOut.createdAt) - CLOCK_SKEW_MS).toISOString();
  const found = await forge.findRun({ ...place.value, name: runName(handOut), since });
  if (!found.ok || found.value === undefined) return found;
  return ok(handOut.earlierRuns.includes(found.value.id) ? undefined : found.value);
}

/** What the workflow's `run-name` makes of its inputs. */
function runName(handOut: ForgeHandOut): string {
  return `patch.moi ${handOut.id}`;
}

function inputsOf(kind: ForgeKind, handOut: ForgeHandOut, api: string): Record<string, string> {
  const inputs = { v: "1", attemptId: handOut.attemptId, epoch: String(handOut.epoch), api };
  if (kind !== "gitlab") return inputs;
  return {
    PATCH_MOI_V: inputs.v,
    PATCH_MOI_ATTEMPT_ID: inputs.attemptId,
    PATCH_MOI_EPOCH: inputs.epoch,
    PATCH_MOI_API: inputs.api,
    [DISPATCH_VARIABLE]: runName(handOut),
  };
}

function surfaceRun({ id, url }: Run) {
  return { id, url };
}

/** The hand-over itself was never sent. */
function notSent(failure: ForgeFailure, context: DriverContext): DispatchAnswer {
  if (passes(failure)) return { kind: "later", reason: reasonOf(failure), ...waiting(failure, context) };
  return { kind: "refused", reason: reasonOf(failure) };
}

/** It was sent, and the forge did not say that it took it. */
function notTaken(failure: ForgeFailure, place: Place, context: DriverContext): DispatchAnswer {
  switch (failure.code) {
    case "rate_limited":
      return { kind: "later", reason: reasonOf(failure), ...waiting(failure, context) };
    case "unavailable":
    case "unexpected_answer":
      return { kind: "unclear", reason: reasonOf(failure), ...waiting(failure, context) };
    case "not_found":
      return refused(
        "workflow_missing",
        `the fork has no workflow '${place.workflow}' on '${place.ref}' that can be started by hand, or the credential may not start it; put the workflow there (docs/guides), or give the credential write access to actions`,
      );
    default:
      if (/disabled/i.test(failure.message))
        return refused(
          "workflow_disabled",
          `the workflow '${place.workflow}' is disabled in the fork; enable it on the forge, then retry (${failure.message})`,
        );
      return { kind: "refused", reason: reasonOf(failure) };
  }
}

function unknown(failure: ForgeFailure, context: DriverContext): StatusAnswer {
  return { kind: "unknown", reason: reasonOf(failure), ...waiting(failure, context) };
}

function notStopped(failure: ForgeFailure, context: DriverContext) {
  const { afterSeconds } = waiting(failure, context);
  return { message: failure.message, again: passes(failure), retryAfterSeconds: afterSeconds };
}

function refused(code: string, message: string): DispatchAnswer {
  return { kind: "refused", reason: { code, message } };
}

function reasonOf({ code, message }: ForgeFailure): Reason {
  return { code: `forge_${code}`, message };
}

function waiting({ until }: ForgeFailure, { now }: DriverContext): { afterSeconds?: number } {
  return until === undefined ? {} : { afterSeconds: Math.max(1, Math.ceil((Date.parse(until) - now()) / 1000)) };
}
