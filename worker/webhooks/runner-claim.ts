/**
 * `POST /runner/claim`: a registered runner takes work, by name or by waiting for some.
 *
 * @module
 */
import type { Context } from "hono";
import { ApiError, type AppEnv, router } from "../api/http.ts";
import { stackObject, stackOfAttempt } from "../api/object.ts";
import { runnerSecret } from "../auth/derived-keys.ts";
import { ClaimRequest } from "../contract/runner-wire.ts";
import { verifyWebhook } from "../contract/standard-webhooks.ts";
import { describeIssues } from "../contract/unknown-field.ts";
import { jobEnvelope } from "../dispatch/job-envelope.ts";
import { log } from "../platform/log.ts";
import { findClaimed } from "../store/attempts.ts";
import { waitingDispatches } from "../store/dispatches.ts";
import { findRunner, type RunnerRow, touchRunner } from "../store/runners.ts";
import { isJson, parseBody, readBody, refused, signingKey, unauthenticated } from "./runner-answer.ts";
import { dueForecast, heldForecast } from "./runner-forecast.ts";

const MAX_CLAIM_BODY = 16 * 1024;

/** First and longest wait between two looks for work, milliseconds: one indexed row read each. */
const LOOK_EVERY = { first: 200, longest: 1000 };

/** Waiting dispatches tried in one look: others may be faster with the first ones. */
const LOOK_AHEAD = 10;

export const runnerClaimApi = router();

runnerClaimApi.post("/runner/claim", async (c) => {
  const body = await readBody(c, MAX_CLAIM_BODY);
  const key = signingKey(c);
  const parsed = parseBody(body);
  const name = (parsed as { runner?: { name?: unknown } } | undefined)?.runner?.name;
  const runner = typeof name === "string" ? await findRunner(c.var.db, name) : undefined;
  if (runner === undefined) return unauthenticated(c, "no such runner");
  const failure = await verifyWebhook(await runnerSecrets(key, runner), c.req.raw.headers, body, Date.now());
  if (failure !== undefined) return unauthenticated(c, `${runner.name}: ${failure}`);
  if (!isJson(c)) throw new ApiError("unsupported_media_type", "send JSON with 'Content-Type: application/json'");
  const claim = ClaimRequest.safeParse(parsed);
  if (!claim.success) throw new ApiError("unprocessable", describeIssues(claim.error).join("; "));
  if (claim.data.attemptId !== undefined && claim.data.epoch === undefined)
    throw new ApiError("unprocessable", "epoch: is needed with attemptId");
  await touchRunner(c.var.db, runner, claim.data.runner.version, new Date().toISOString());
  return claim.data.attemptId === undefined
    ? await pull(c, key, runner, claim.data)
    : await take(c, key, claim.data, claim.data.attemptId, claim.data.epoch ?? 0);
});

/** Its secret, and the one before its last rotation while that is good. */
function runnerSecrets(key: string, { name, keyId, previousKeyId, previousUntil }: RunnerRow): Promise<string[]> {
  const before = previousUntil !== null && Date.parse(previousUntil) > Date.now() ? previousKeyId : null;
  const keyIds = before === null ? [keyId] : [keyId, before];
  return Promise.all(keyIds.map((id) => runnerSecret(key, name, id)));
}

/** Waits until there is work that suits the runner; 204 when there is none in time. */
async function pull(c: Context<AppEnv>, key: string, runner: RunnerRow, claim: ClaimRequest): Promise<Response> {
  // The answer to an earlier request with this nonce may have been lost on its way.
  const held = await findClaimed(c.var.db, claim.nonce);
  if (held !== undefined) return take(c, key, claim, held.id, held.epoch);
  // What it was registered with counts; what it says of itself would let it take any work.
  const { labels } = runner;
  const earlier = claim.forecasts ? await heldForecast(c, key, claim.nonce) : undefined;
  if (earlier !== undefined) return c.json(earlier, 200);
  let asked = !claim.forecasts;
  const until = Date.now() + claim.waitSeconds * 1000;
  for (let wait = LOOK_EVERY.first; ; wait = Math.min(wait * 1.5, LOOK_EVERY.longest)) {
    for (const dispatch of await waitingDispatches(c.var.db, "pull", labels, LOOK_AHEAD)) {
      const answer = await take(c, key, claim, dispatch.attemptId, dispatch.epoch);
      // Another runner was faster, or the attempt has moved on: look further.
      if (answer.status !== 409) return answer;
    }
    // Attempts go first, and one look per pull is enough: a forecast is in no hurry.
    const forecast = asked ? undefined : await dueForecast(c, key, runner, claim);
    if (forecast !== undefined) return c.json(forecast, 200);
    asked = true;
    const left = until - Date.now();
    if (left <= 0 || c.req.raw.signal.aborted) return c.body(null, 204);
    await scheduler.wait(Math.min(wait, left));
  }
}

async function take(
  c: Context<AppEnv>,
  key: string,
  { nonce, runner }: ClaimRequest,
  attemptId: string,
  epoch: number,
): Promise<Response> {
  const stackId = stackOfAttempt(attemptId);
  if (stackId === undefined) return unauthenticated(c, `${attemptId}: no such attempt`);
  const claimed = await stackObject(c.env, stackId).claim(stackId, { attemptId, epoch, nonce, runner });
  if (!claimed.ok) return refused(c, claimed.code, claimed.message, attemptId);
  log("info", "dispatch.sent", { stackId, attemptId, epoch, runner: runner.name });
  return c.json(await jobEnvelope(c.var.db, key, claimed.attempt, claimed.config, claimed.carried), 200);
}
