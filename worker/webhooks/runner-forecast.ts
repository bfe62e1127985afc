/**
 * Forecasts on the runner's wire: a pull without an attempt to do is given one that is due, and
 * `POST /runner/forecasts` takes what it found.
 *
 * No object is asked: a forecast changes nothing of a stack, so it needs no turn in its queue.
 *
 * @module
 */
import type { Context } from "hono";
import { z } from "zod";
import { ApiError, type AppEnv, router } from "../api/http.ts";
import { forecastKey } from "../auth/derived-keys.ts";
import { sha256Hex } from "../auth/digest.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { MAX_FORECAST_BODY, Name } from "../contract/primitives.ts";
import {
  type ClaimRequest,
  FORECAST_SECONDS,
  type ForecastAnswer,
  type ForecastJob,
  ForecastResult,
  Nonce,
} from "../contract/runner-wire.ts";
import { verifyWebhook } from "../contract/standard-webhooks.ts";
import { forecastJob } from "../dispatch/job-envelope.ts";
import { log } from "../platform/log.ts";
import { findAnswer } from "../store/answers.ts";
import { StorageFault } from "../store/database.ts";
import { UnreadableDeclaration } from "../store/declared-column.ts";
import { claimedForecast, claimForecast, findForecastPlan, isClaimedBy, recordForecast } from "../store/forecasts.ts";
import type { RunnerRow } from "../store/runners.ts";
import { findStack } from "../store/stacks.ts";
import { isJson, parseBody, readBody, refused, signingKey, unauthenticated } from "./runner-answer.ts";

/** What names the claim; everything else is looked at once the signature holds. */
const Claim = z.looseObject({ stackId: Name, nonce: Nonce });

/** The answer to an earlier pull with this nonce, which may have been lost on its way. */
export async function heldForecast(c: Context<AppEnv>, key: string, nonce: string): Promise<ForecastJob | undefined> {
  const plan = await claimedForecast(c.var.db, nonce);
  if (plan === undefined || plan.dueAt === null) return undefined;
  return handOut(c, key, plan.stackId, nonce, plan.dueAt);
}

/** A forecast that is due and suits the runner. */
export async function dueForecast(
  c: Context<AppEnv>,
  key: string,
  runner: RunnerRow,
  { nonce }: ClaimRequest,
): Promise<ForecastJob | undefined> {
  const now = Date.now();
  const until = new Date(now + FORECAST_SECONDS * 1000).toISOString();
  const claim = { labels: runner.labels, nonce, runner: runner.name, now: new Date(now).toISOString(), until };
  const stackId = await claimForecast(c.var.db, claim);
  if (stackId === undefined) return undefined;
  log("info", "forecast.sent", { stackId, runner: runner.name });
  return handOut(c, key, stackId, nonce, until);
}

async function handOut(c: Context<AppEnv>, key: string, stackId: string, nonce: string, deadlineAt: string) {
  try {
    const stack = await findStack(c.var.db, stackId);
    return stack === undefined ? undefined : await forecastJob(c.var.db, key, stack, nonce, deadlineAt);
  } catch (error) {
    // Its forecast waits for a version that can; the runner goes without one.
    if (!(error instanceof UnreadableDeclaration)) throw error;
    log("warn", "request.refused", { path: c.req.path, stackId, code: "unreadable_declaration" });
    return undefined;
  }
}

export const runnerForecastApi = router();

runnerForecastApi.post("/runner/forecasts", async (c) => {
  const body = await readBody(c, MAX_FORECAST_BODY);
  const parsed = parseBody(body);
  const claim = Claim.safeParse(parsed);
  if (!claim.success) return unauthenticated(c, "names no forecast");
  const { stackId, nonce } = claim.data;
  const key = await forecastKey(signingKey(c), stackId, nonce);
  const failure = await verifyWebhook([key], c.req.raw.headers, body, Date.now());
  if (failure !== undefined) return unauthenticated(c, `${stackId}: ${failure}`);
  if (!isJson(c)) throw new ApiError("unsupported_media_type", "send JSON with 'Content-Type: application/json'");
  const result = ForecastResult.safeParse(parsed);
  if (!result.success) throw new ApiError("unprocessable", describeIssues(result.error).join("; "));
  const message = {
    key: `forecast:${stackId}:${c.req.header("webhook-id") ?? ""}`,
    requestHash: await sha256Hex(body),
  };
  return (await repeated(c, message)) ?? record(c, result.data, message);
});

type Message = { key: string; requestHash: string };

async function record(c: Context<AppEnv>, result: ForecastResult, message: Message): Promise<Response> {
  const { stackId, nonce } = result;
  const plan = await findForecastPlan(c.var.db, stackId);
  // Given up as lost and handed out again, or no longer wanted as it was asked for.
  if (!isClaimedBy(plan, nonce))
    return refused(c, "fenced", "this forecast is no longer waited for; nothing was recorded", stackId);
  const now = Date.now();
  const told: ForecastAnswer = { status: "applied" };
  const answer = { ...message, status: 200, body: told, at: new Date(now).toISOString() };
  const fault = await recordForecast(c.var.db, plan, result, now, answer);
  if (fault === undefined) {
    const outcome = result.look === undefined ? "failed" : "looked";
    log("info", "forecast.recorded", { stackId, runner: plan.runner, outcome, reason: result.reason?.code });
    return c.json(told, 200);
  }
  if (fault.kind === "fault") throw new StorageFault(fault.message);
  const first = await repeated(c, message);
  return first ?? refused(c, "fenced", "another result of this forecast was faster", stackId);
}

/** The first answer to a message that came again; undefined when it is new. */
async function repeated(c: Context<AppEnv>, message: Message): Promise<Response | undefined> {
  const known = await findAnswer(c.var.db, message.key);
  if (known === undefined) return undefined;
  if (known.requestHash !== message.requestHash)
    return refused(c, "id_reused", "this webhook-id was used for another message", message.key);
  const told: ForecastAnswer = { status: "duplicate" };
  return c.json(told, 200);
}
