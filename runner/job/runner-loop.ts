/**
 * The runner's life: send what was left over, claim, work, report, again.
 *
 * @module
 */
import type { ForecastJob, RunnerInfo } from "../../worker/contract/runner-wire.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { count } from "../client/table.ts";
import { Callbacks } from "./callbacks.ts";
import { type Claim, claimJob } from "./claim.ts";
import type { Clock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { sendLeftOverLogs } from "./left-over-log.ts";
import type { performForecast } from "./perform-forecast.ts";
import { type ForecastEnd, runForecast } from "./run-forecast.ts";
import { type JobEnd, runJob } from "./run-job.ts";
import { sendSpooled, spoolResult, waitingResults } from "./spool.ts";
import type { Work } from "./work.ts";
import { sweepWorkFolders } from "./work-folder.ts";

/** Least time between two pulls that found nothing. */
const PULL_SPACING_MS = 1000;

/** How long one pull is held open beside a forecast, seconds: the next forecast waits for its end. */
const BESIDE_FORECAST_SECONDS = 2;

export type RunnerOptions = {
  server: URL;
  secret: string;
  runner: RunnerInfo;
  home: DataHome;
  clock: Clock;
  work: Work;
  /** What looks when a forecast is due; the default is the one that does. */
  forecast?: typeof performForecast;
  /** Aborted: no further claim; a running job goes on to its end. */
  stop: AbortSignal;
  /** Aborted: a running job is handed back at once. */
  handBack: AbortSignal;
  say: (line: string) => void;
};

/** Removes and sends what runners that were killed or cut off left here. */
export async function clearLeftOver(options: RunnerOptions): Promise<void> {
  const removed = sweepWorkFolders(options.home.work);
  if (removed > 0) options.say(`removed ${count(removed, "folder")} of a runner that is gone`);
  await sendLeftOver(options);
  await sendLeftOverLogs(options.home, options.server, options.clock, options.stop);
}

/** Sends results that an earlier run could not. One try each, so that they hold nothing up. */
export async function sendLeftOver(options: RunnerOptions): Promise<void> {
  for (const path of waitingResults(options.home, options.server)) {
    const outcome = await sendSpooled(path, { clock: options.clock, signal: options.stop, giveUpAfterMs: 0 });
    options.say(`a result left over in ${path}: ${describeDelivery(outcome)}`);
  }
}

/**
 * Claims at most one job or forecast within `waitSeconds` and does it; undefined when there was none.
 * Throws a {@link CommandFailure} when the server refuses this runner or cannot be reached.
 */
export async function runOnce(options: RunnerOptions, waitSeconds: number): Promise<JobEnd | ForecastEnd | undefined> {
  await clearLeftOver(options);
  const until = options.clock.now() + waitSeconds * 1000;
  while (!options.stop.aborted) {
    const left = Math.max(0, Math.ceil((until - options.clock.now()) / 1000));
    const asked = { ...claimOptions(options), waitSeconds: left, forecasts: true, giveUpAfterMs: waitSeconds * 1000 };
    const claim = await claimJob(asked);
    if (claim.kind === "forecast") return runForecast(claim.job, { ...forecastOptions(options), signal: options.stop });
    if (claim.kind === "unanswered" && !options.stop.aborted)
      throw new CommandFailure("unreachable", `${claim.message}; is the server running?`);
    if (claim.kind === "job" || claim.kind === "not_understood") return take(claim, options);
    // 409: what this claim got before is not its own any more; the next one starts anew.
    if (claim.kind === "refused" && claim.status !== 409) throw refused(claim);
    if (left === 0) return undefined;
  }
  return undefined;
}

/**
 * Claims and works until stopped; returns the number of jobs done. Throws as {@link runOnce} does.
 *
 * A forecast is made beside the wait for the next job, and given up when there is one.
 */
export async function runForever(options: RunnerOptions): Promise<number> {
  const beside = new BesideForecast(options);
  try {
    return await workUntilStopped(options, beside);
  } finally {
    await beside.giveUp();
  }
}

async function workUntilStopped(options: RunnerOptions, beside: BesideForecast): Promise<number> {
  let jobs = 0;
  await clearLeftOver(options);
  while (!options.stop.aborted) {
    const askedAt = options.clock.now();
    const waitSeconds = beside.busy ? BESIDE_FORECAST_SECONDS : Number.POSITIVE_INFINITY;
    const claim = await claimJob({ ...claimOptions(options), waitSeconds, forecasts: !beside.busy });
    if (claim.kind === "refused" && claim.status !== 409) throw refused(claim);
    if (claim.kind === "forecast") {
      beside.start(claim.job);
      continue;
    }
    if (claim.kind !== "job" && claim.kind !== "not_understood") {
      // A server (or a proxy before it) that does not hold the pull open is not to be hammered.
      const early = PULL_SPACING_MS - (options.clock.now() - askedAt);
      if (early > 0) await options.clock.wait(early, options.stop);
      continue;
    }
    await beside.giveUp();
    await take(claim, options);
    jobs++;
    if (!options.stop.aborted) await sendLeftOver(options);
  }
  return jobs;
}

/** The one forecast that is made while the next job is waited for. */
class BesideForecast {
  readonly #options: RunnerOptions;
  #running: { stop: AbortController; ended: Promise<void> } | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  start(job: ForecastJob): void {
    const stop = new AbortController();
    const ended = runForecast(job, { ...forecastOptions(this.#options), signal: stop.signal }).then(() => {
      this.#running = undefined;
    });
    this.#running = { stop, ended };
  }

  /** Stops it and waits until it holds no mirror any more. The server asks for it again later. */
  async giveUp(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.ended;
  }
}

function forecastOptions(options: RunnerOptions) {
  const { home, server, clock, secret, say, forecast } = options;
  return { home, server, clock, say, secrets: [secret], ...(forecast === undefined ? {} : { forecast }) };
}

function claimOptions(options: RunnerOptions) {
  const { server, secret, runner, clock, stop, say } = options;
  return {
    server,
    secret,
    runner,
    clock,
    signal: stop,
    onRetry: (_tries: number, delayMs: number, why: string) =>
      say(`${why}; asking again in ${Math.round(delayMs / 1000)} s`),
  };
}

async function take(
  claim: Extract<Claim, { kind: "job" | "not_understood" }>,
  options: RunnerOptions,
): Promise<JobEnd | undefined> {
  if (claim.kind === "not_understood") return handBackUnread(claim, options);
  const { envelope } = claim;
  options.say(`${envelope.attemptId}: ${envelope.operation} ${envelope.stack.id} onto ${envelope.onto.ref}`);
  const end = await runJob(envelope, { ...options, secrets: [options.secret] });
  const outcome = end.result === undefined ? "not reported" : end.result.outcome;
  const reason = end.result?.reason === undefined ? "" : ` (${end.result.reason.code}: ${end.result.reason.message})`;
  options.say(`${envelope.attemptId}: ${outcome}${reason}; ${describeDelivery(end.delivery)}`);
  return end;
}

/** Another runner may understand the job: it goes back at once instead of waiting for its lease. */
async function handBackUnread(
  claim: Extract<Claim, { kind: "not_understood" }>,
  options: RunnerOptions,
): Promise<JobEnd | undefined> {
  options.say(claim.message);
  if (claim.head === undefined) return undefined;
  const { attemptId, epoch } = claim.head;
  const result = {
    outcome: "failed" as const,
    infrastructure: true,
    reason: { code: "job_not_understood", message: claim.message },
    candidates: [],
  };
  const message = new Callbacks(options.server, claim.head, options.clock).result(result);
  const path = spoolResult(options.home, message, attemptId, epoch);
  const delivery = await sendSpooled(path, { clock: options.clock, signal: options.handBack });
  return { attemptId, result, delivery };
}

export function describeDelivery(delivery: JobEnd["delivery"]): string {
  switch (delivery.kind) {
    case "accepted":
      return delivery.status === "" ? "reported" : `reported, the attempt is ${delivery.status}`;
    case "settled":
      return `the server needs no result any more (${delivery.code})`;
    case "refused":
      return `the server refused the result (${delivery.code} ${delivery.message}); it is kept in ${delivery.path}`;
    case "unanswered":
      return `the result is not sent (${delivery.message}); it is kept in ${delivery.path} and goes out at the next start`;
    case "claim_lost":
    case "handed_over":
      return delivery.message;
  }
}

/** What a refused claim means for the operator. */
function refused(claim: Extract<Claim, { kind: "refused" }>): CommandFailure {
  if (claim.status === 401)
    return new CommandFailure(
      "unauthorized",
      "the server does not know this runner or its secret (or this machine's clock is off); run `patch.moi runner register`, " +
        "or where the name is registered `patch.moi runners rotate NAME`",
    );
  return new CommandFailure(
    claim.code,
    claim.message === "" ? `the server refused the claim (${claim.status})` : claim.message,
  );
}
