/**
 * `POST /runner/claim`: a registered runner takes work, by name or by waiting for some; a forge's job
 * takes the attempt that it was started for.
 *
 * @module
 */
import type { Context } from "hono";
import { z } from "zod";
import { ApiError, type AppEnv, router, withinRate } from "../api/http.ts";
import { stackObject, stackOfAttempt } from "../api/object.ts";
import { isOfAnotherKey, runnerSecret } from "../auth/derived-keys.ts";
import { presentedIdToken, verifyIdToken } from "../auth/oidc/id-token.ts";
import { ERROR_STATUS } from "../contract/error.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { ClaimRequest, Nonce } from "../contract/runner-wire.ts";
import { stackOfCheck } from "../contract/setup-check.ts";
import { verifyWebhook } from "../contract/standard-webhooks.ts";
import { jobEnvelope } from "../dispatch/job-envelope.ts";
import { log } from "../platform/log.ts";
import { findAttempt, findClaimed } from "../store/attempts.ts";
import { waitingDispatches } from "../store/dispatches.ts";
import { useToken } from "../store/issuer-keys.ts";
import { findRunner, type RunnerRow, touchRunner } from "../store/runners.ts";
import { findStack } from "../store/stacks.ts";
import { ANOTHER_KEY, isJson, parseBody, readBody, refused, signingKey, unauthenticated } from "./runner-answer.ts";
import { noteRefusal, proveCheck } from "./runner-check.ts";
import { dueForecast, heldForecast } from "./runner-forecast.ts";

const MAX_CLAIM_BODY = 16 * 1024;

/** First and longest wait between two looks for work, milliseconds: one indexed row read each. */
const LOOK_EVERY = { first: 200, longest: 1000 };

/** Waiting dispatches tried in one look: others may be faster with the first ones. */
const LOOK_AHEAD = 10;

/** What a forge's job must name. */
const NamedClaim = z.looseObject({ attemptId: z.string().min(1).max(128), epoch: z.int().min(1), nonce: Nonce });

const NOT_THIS_JOB = "this job may not claim this attempt; compare the stack's policy.identity with the job";

/** What a check says of an ID token that was not enough. */
const TOKEN_TROUBLE = {
  unauthenticated: "its ID token does not hold; it must be made for PATCH_URL by the issuer of policy.identity",
  forbidden: "it is another job than policy.identity says",
  unavailable: "its ID token cannot be judged now",
} as const;

export const runnerClaimApi = router();

runnerClaimApi.post("/runner/claim", async (c) => {
  const body = await readBody(c, MAX_CLAIM_BODY);
  const key = signingKey(c);
  const parsed = parseBody(body);
  if (c.req.header("authorization") !== undefined) return claimByToken(c, key, parsed);
  const name = (parsed as { runner?: { name?: unknown } } | undefined)?.runner?.name;
  const runner = typeof name === "string" ? await findRunner(c.var.db, name) : undefined;
  if (runner === undefined) {
    await noteRefusal(c, claimedId(parsed), "it names no registered runner, and brought no ID token");
    return unauthenticated(c, "no such runner");
  }
  const failure = await verifyWebhook(await runnerSecrets(key, runner), c.req.raw.headers, body, Date.now());
  if (failure !== undefined) {
    const why = (await isOfAnotherKey(key, runner.keyId)) ? ANOTHER_KEY : failure;
    await noteRefusal(c, claimedId(parsed), `its signature as the runner '${runner.name}' does not hold (${why})`);
    return unauthenticated(c, `${runner.name}: ${why}`);
  }
  await withinRate(c, "TOKEN_LIMIT", `runner:${runner.name}`, `claims of the runner '${runner.name}'`);
  const claim = understood(c, parsed);
  await touchRunner(c.var.db, runner, claim.runner.version, new Date().toISOString());
  if (claim.attemptId === undefined) return pull(c, key, runner, claim);
  if (stackOfCheck(claim.attemptId) !== undefined) return proveCheck(c, claim.attemptId, `runner:${runner.name}`);
  const lacks = await lackedLabels(c, runner, claim.attemptId);
  if (lacks.length > 0)
    return refused(
      c,
      "forbidden",
      `runner '${runner.name}' was not registered with ${lacks.join(", ")}`,
      claim.attemptId,
    );
  return take(c, key, claim, claim.attemptId, claim.epoch ?? 0);
});

/** Labels that the attempt's stack wants and the runner was not registered with: naming it goes round none of them. */
async function lackedLabels(c: Context<AppEnv>, runner: RunnerRow, attemptId: string): Promise<string[]> {
  const attempt = await findAttempt(c.var.db, attemptId);
  const stack = attempt === undefined ? undefined : await findStack(c.var.db, attempt.stackId);
  return stack?.config.policy.runnerLabels.filter((label) => !runner.labels.includes(label)) ?? [];
}

/** What an unauthenticated body says that it claims. */
function claimedId(parsed: unknown): unknown {
  return (parsed as { attemptId?: unknown } | undefined)?.attemptId;
}

/** A forge's job claims the attempt that it was started for. */
async function claimByToken(c: Context<AppEnv>, key: string, parsed: unknown): Promise<Response> {
  const token = presentedIdToken(c.req.raw.headers);
  const named = NamedClaim.safeParse(parsed);
  if (token === undefined || !named.success) return unauthenticated(c, "no ID token, or names no claim");
  const { attemptId, epoch, nonce } = named.data;
  const stackId = stackOfAttempt(attemptId) ?? stackOfCheck(attemptId);
  const stack = stackId === undefined ? undefined : await findStack(c.var.db, stackId);
  const pins = stack?.deletedAt === null ? stack.config.policy.identity : undefined;
  if (pins === undefined) {
    await noteRefusal(c, attemptId, "the stack has no policy.identity, so no ID token counts");
    return unauthenticated(c, `${attemptId}: its stack accepts no ID tokens`);
  }
  const { publicOrigin, allowLocal } = c.var.settings;
  if (publicOrigin === undefined)
    throw new ApiError("not_configured", "ID tokens cannot be checked: set the variable PATCH_URL to this address");
  const verdict = await verifyIdToken(token, pins, {
    db: c.var.db,
    outbound: { allowLocal, ownHosts: [new URL(publicOrigin).hostname] },
    audience: publicOrigin,
    now: Date.now(),
  });
  if (verdict.kind !== "accepted") await noteRefusal(c, attemptId, `${TOKEN_TROUBLE[verdict.kind]} (${verdict.why})`);
  if (verdict.kind === "unauthenticated") return unauthenticated(c, `${attemptId}: ${verdict.why}`);
  if (verdict.kind === "forbidden") return refused(c, "forbidden", NOT_THIS_JOB, attemptId, verdict.why);
  if (verdict.kind === "unavailable") {
    log("warn", "callback.refused", { path: c.req.path, attemptId, why: verdict.why });
    throw new ApiError("issuer_unavailable", "the forge's keys cannot be read now; try again");
  }
  // Repeating the one claim it was used for is no second use: its answer may have been lost.
  const use = { ...verdict.token, claim: `${attemptId}:${epoch}:${nonce}` };
  if (!(await useToken(c.var.db, use))) return unauthenticated(c, `${attemptId}: the token was used before`);
  const claim = understood(c, parsed);
  // Not by a name of its own choice: that could be a registered runner's.
  const runner = { ...claim.runner, name: `${pins.forge}-${verdict.facts.run}` };
  if (stackOfCheck(attemptId) !== undefined) return proveCheck(c, attemptId, runner.name);
  return take(c, key, { ...claim, runner }, attemptId, epoch);
}

/** The claim, once it is known who makes it. */
function understood(c: Context<AppEnv>, parsed: unknown): ClaimRequest {
  if (!isJson(c)) throw new ApiError("unsupported_media_type", "send JSON with 'Content-Type: application/json'");
  const claim = ClaimRequest.safeParse(parsed);
  if (!claim.success) throw new ApiError("unprocessable", describeIssues(claim.error).join("; "));
  if (claim.data.attemptId !== undefined && claim.data.epoch === undefined)
    throw new ApiError("unprocessable", "epoch: is needed with attemptId");
  return claim.data;
}

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
      // Another runner was faster, the attempt has moved on, or its stack cannot be read here: look further.
      if (answer.status !== 409 && answer.status !== ERROR_STATUS.unreadable_declaration) return answer;
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
  return c.json(await jobEnvelope(c.var.db, key, claimed.attempt, claimed), 200);
}
