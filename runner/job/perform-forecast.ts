/**
 * The work on one forecast: fetch, and replay without keeping anything. Runs no command, checks
 * nothing out, pushes nothing.
 *
 * @module
 */
import { FORECAST_LIMITS, type ForecastConflict, type ForecastLook } from "../../worker/contract/forecast.ts";
import type { PatchConflict, PatchReport, StackReport } from "../../worker/contract/report.ts";
import type { ForecastJob } from "../../worker/contract/runner-wire.ts";
import { repositoriesOf, type StackRepositories } from "../../worker/contract/stack.ts";
import type { Environment } from "../client/settings.ts";
import { cut } from "../client/table.ts";
import { replayStack } from "../git/replay.ts";
import { rememberedResolver } from "../git/rerere-apply.ts";
import { stopOfEngine } from "./carry-stack.ts";
import { systemClock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { defaultBranch } from "./default-branch.ts";
import { type Step, stopped } from "./job-stop.ts";
import { commitOf, type Mirror, openMirror } from "./mirror.ts";
import { promisedBy, stopOfMissing } from "./mirror-contents.ts";
import { fetchMirror } from "./mirror-fetch.ts";
import { healing } from "./mirror-heal.ts";
import { mirrorLimit, pruneMirrors } from "./mirror-limit.ts";
import { memoryOf } from "./remember.ts";
import { resolveBase, resolveHead } from "./resolve-onto.ts";
import { makeWorkFolder, removeFolder } from "./work-folder.ts";

export type ForecastTools = {
  home: DataHome;
  /** Aborted: the work throws. */
  signal: AbortSignal;
  say: (line: string) => void;
};

/** Looks. Throws the signal's reason when that is aborted, and a `GitError` for what no stop describes. */
export async function performForecast(
  { stack }: ForecastJob,
  tools: ForecastTools,
  env: Environment = process.env,
): Promise<Step<ForecastLook>> {
  const { home, signal, say } = tools;
  const where = repositoriesOf(stack);
  if (where === undefined)
    return stopped("failed", "no_repositories", `stack '${stack.id}' names no upstream, fork and branch to look at`);
  const mirror = await openMirror({
    home,
    forkUrl: where.fork.url,
    upstreamUrl: where.upstream.url,
    clock: systemClock,
    env,
    signal,
  });
  signal.throwIfAborted();
  if (mirror === undefined) throw new Error("the mirror's lock was not given and nobody stopped the wait");
  try {
    const failureOf = (step: Step<ForecastLook>) => (step.ok ? undefined : step.stop.code);
    const work = () =>
      look(mirror, { ...stack, ...where }, home).catch((error: unknown) => stopOfMissing(mirror, error));
    const step = await healing(mirror, say, work, failureOf);
    await pruneMirrors(home, mirrorLimit(env));
    return step;
  } finally {
    mirror.release();
  }
}

async function look(
  mirror: Mirror,
  stack: ForecastJob["stack"] & StackRepositories,
  home: DataHome,
): Promise<Step<ForecastLook>> {
  const fetched = await fetchMirror(mirror);
  if (!fetched.ok) return fetched;
  const head = await resolveHead(mirror, stack.branch);
  if (!head.ok) return head;
  const asked = stack.policy.forecast?.branch?.replace(/^refs\/heads\//, "");
  const branch: Step<string> =
    asked === undefined ? await defaultBranch(mirror, mirror.upstream) : { ok: true, value: asked };
  if (!branch.ok) return branch;
  const oid = await commitOf(mirror, `refs/upstream/heads/${branch.value}`);
  if (oid === undefined)
    return stopped(
      "failed",
      "ref_missing",
      `upstream (${mirror.upstream.url}) has no branch '${branch.value}'; correct policy.forecast.branch`,
    );
  const memory = stack.policy.rememberResolutions ? await memoryOf(mirror) : undefined;
  const folder = makeWorkFolder(home.work, "forecast");
  try {
    const answer = await replayStack({
      gitDir: mirror.gitDir,
      stackId: stack.id,
      branch: stack.branch,
      headOid: head.value,
      ...(await resolveBase(mirror, stack)),
      onto: { ref: branch.value, oid },
      objects: "forget",
      resolve: memory === undefined ? undefined : rememberedResolver(memory),
      folder,
      promised: await promisedBy(mirror),
      signal: mirror.signal,
    });
    return answer.ok ? { ok: true, value: lookOf(answer.report) } : stopOfEngine(answer.reason);
  } finally {
    removeFolder(folder);
  }
}

function lookOf({ onto, head, patches, drift, counts }: StackReport): ForecastLook {
  return {
    onto: { ref: onto.ref, oid: onto.oid },
    head,
    drift: { commitsAhead: patches.length, ...drift },
    counts,
    conflicts: patches
      .filter((patch) => patch.outcome === "conflicted")
      .slice(0, FORECAST_LIMITS.patches)
      .map(conflictOf),
  };
}

function conflictOf({ oid, subject, conflicts = [] }: PatchReport): ForecastConflict {
  return { oid, subject: short(subject), paths: conflicts.slice(0, FORECAST_LIMITS.paths).map(pathOf) };
}

function pathOf({ path, kind, upstreamCommits: [newest], followsFrom }: PatchConflict) {
  return {
    path: short(path),
    kind: kind.slice(0, 64),
    ...(newest === undefined ? {} : { upstream: { oid: newest.oid, subject: short(newest.subject) } }),
    ...(followsFrom === undefined ? {} : { followsFrom }),
  };
}

/** The wire counts UTF-16 units: a letter may have two of them. */
function short(text: string): string {
  return cut(text, FORECAST_LIMITS.text / 2);
}
