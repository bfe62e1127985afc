/**
 * One forecast from its claim to the server's answer. It gives way to an attempt at any time, and
 * nothing is spooled: what is lost is asked for again.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { ForecastLook } from "../../worker/contract/forecast.ts";
import type { ForecastJob, ForecastResult } from "../../worker/contract/runner-wire.ts";
import { describeError } from "../client/command-failure.ts";
import { count } from "../client/table.ts";
import { GitError } from "../git/git-error.ts";
import type { Clock } from "./clock.ts";
import { deliver } from "./delivery.ts";
import { type Step, stopOfGit } from "./job-stop.ts";
import { type ForecastTools, performForecast } from "./perform-forecast.ts";
import { environmentSecrets, makeRedactor } from "./redact.ts";

/** How long an answer is waited for: by the next forecast this one is old. */
const PATIENCE_MS = 120_000;

export type ForecastOptions = ForecastTools & {
  server: URL;
  clock: Clock;
  secrets: readonly string[];
  /** What looks; the tests of the loop put another in its place. */
  forecast?: typeof performForecast;
};

export type ForecastEnd = { stackId: string; result: ForecastResult; reported: boolean };

/** Undefined when it was stopped before there was something to report. */
export async function runForecast(job: ForecastJob, options: ForecastOptions): Promise<ForecastEnd | undefined> {
  const { server, clock, signal, say } = options;
  const stackId = job.stack.id;
  const redact = makeRedactor([...environmentSecrets(process.env), job.callbackKey, ...options.secrets]);
  const startedAt = performance.now();
  const found = await lookAtIt(job, options);
  if (found === undefined) return undefined;
  const result: ForecastResult = {
    stackId,
    nonce: job.nonce,
    seconds: Math.round(performance.now() - startedAt) / 1000,
    ...(found.ok
      ? { look: found.value }
      : { reason: { code: found.stop.code, message: redact(found.stop.message).slice(0, 4000) } }),
  };
  const sent = await deliver(
    {
      method: "POST",
      url: new URL("runner/forecasts", server),
      id: randomUUID(),
      secret: job.callbackKey,
      body: new TextEncoder().encode(JSON.stringify(result)),
      contentType: "application/json",
    },
    { clock, signal, giveUpAfterMs: PATIENCE_MS },
  );
  const told = sent.kind === "accepted" ? "reported" : `not reported (${sent.message})`;
  say(`forecast of ${stackId}: ${describe(result)}; ${told}`);
  return { stackId, result, reported: sent.kind === "accepted" };
}

async function lookAtIt(job: ForecastJob, options: ForecastOptions): Promise<Step<ForecastLook> | undefined> {
  const left = Math.max(0, Date.parse(job.deadlineAt) - options.clock.now());
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(Math.min(left, 2 ** 31 - 1))]);
  try {
    return await (options.forecast ?? performForecast)(job, { ...options, signal });
  } catch (error) {
    if (signal.aborted) {
      if (!options.signal.aborted) options.say(`forecast of ${job.stack.id}: not done in time`);
      return undefined;
    }
    if (error instanceof GitError) return stopOfGit(error, "git", job.stack.id);
    const message = `the runner itself failed: ${describeError(error)}`;
    return { ok: false, stop: { outcome: "failed", code: "runner_error", message } };
  }
}

function describe({ look, reason }: ForecastResult): string {
  if (look === undefined) return `failed (${reason?.code}: ${reason?.message})`;
  const { commitsAhead, commitsBehind } = look.drift;
  const { conflicted } = look.counts;
  const fate = conflicted === 0 ? "everything carries" : `${conflicted} of ${commitsAhead} patches conflict`;
  return `${fate} on ${look.onto.ref}, ${count(commitsBehind, "commit")} behind`;
}
