/**
 * `POST /webhooks/runner` and `PUT /runner/attempts/:id/log`: what a runner tells of its work.
 *
 * The key that a callback must be signed with is derived from the attempt, epoch and nonce that the
 * callback names: who can sign it was given that claim. Whether the claim still counts is the
 * object's to say.
 *
 * @module
 */

import type { Context } from "hono";
import { z } from "zod";
import { ApiError, type AppEnv, router } from "../api/http.ts";
import { stackObject, stackOfAttempt } from "../api/object.ts";
import { callbackKey } from "../auth/derived-keys.ts";
import { sha256Hex } from "../auth/digest.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { MAX_CALLBACK_BODY, MAX_LOG_CHUNK } from "../contract/primitives.ts";
import { Nonce, RunnerCallback } from "../contract/runner-wire.ts";
import { verifyWebhook } from "../contract/standard-webhooks.ts";
import { log } from "../platform/log.ts";
import { findAttempt } from "../store/attempts.ts";
import { isJson, parseBody, readBody, refused, signingKey, unauthenticated } from "./runner-answer.ts";

/** What names the claim; everything else is looked at once the signature holds. */
const Claim = z.looseObject({ attemptId: z.string().max(128), epoch: z.int().min(1), nonce: Nonce });
type Claim = z.infer<typeof Claim>;

export const runnerCallbackApi = router();

runnerCallbackApi.post("/webhooks/runner", async (c) => {
  const body = await readBody(c, MAX_CALLBACK_BODY);
  const parsed = parseBody(body);
  const claim = Claim.safeParse(parsed);
  if (!claim.success) return unauthenticated(c, "names no claim");
  const { attemptId } = claim.data;
  const why = await unsigned(c, claim.data, body);
  if (why !== undefined) return unauthenticated(c, `${attemptId}: ${why}`);
  if (!isJson(c)) throw new ApiError("unsupported_media_type", "send JSON with 'Content-Type: application/json'");
  const callback = RunnerCallback.safeParse(parsed);
  if (!callback.success) {
    const problems = describeIssues(callback.error);
    log("warn", "callback.refused", { attemptId, why: "unprocessable", problems: problems.slice(0, 5) });
    throw new ApiError("unprocessable", problems.join("; "), { problems });
  }
  const stackId = stackOfAttempt(attemptId);
  if (stackId === undefined) return unauthenticated(c, `${attemptId}: no such attempt`);
  const message = { id: c.req.header("webhook-id") ?? "", hash: await sha256Hex(body) };
  const told = await stackObject(c.env, stackId).callback(stackId, callback.data, message);
  if (!told.ok) return refused(c, told.code, told.message, attemptId);
  if (callback.data.type === "attempt.result")
    log("info", "callback.accepted", { stackId, attemptId, epoch: claim.data.epoch, status: told.answer.status });
  return c.json(told.answer, 200);
});

runnerCallbackApi.put("/runner/attempts/:id/log", async (c) => {
  const body = await readBody(c, MAX_LOG_CHUNK);
  const claim = await logClaim(c, c.req.param("id"));
  const why = claim === undefined ? "no such claim" : await unsigned(c, claim, body);
  const stackId = stackOfAttempt(c.req.param("id"));
  if (claim === undefined || why !== undefined || stackId === undefined)
    return unauthenticated(c, `${c.req.param("id")}: ${why}`);
  const offset = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).safeParse(c.req.query("offset"));
  if (!offset.success) throw new ApiError("unprocessable", "offset: give the number of bytes before this piece");
  const kept = await stackObject(c.env, stackId).appendLog(stackId, claim, offset.data, body);
  if (!kept.ok) return refused(c, kept.code, kept.message, claim.attemptId);
  return kept.gap
    ? c.json({ ack: kept.ack, error: { code: "log_gap", message: `the log has ${kept.ack} bytes` } }, 416)
    : c.json({ ack: kept.ack }, 200);
});

/** Why the signature does not hold; undefined when it does. */
async function unsigned(c: Context<AppEnv>, claim: Claim, body: Uint8Array): Promise<string | undefined> {
  const key = await callbackKey(signingKey(c), claim.attemptId, claim.epoch, claim.nonce);
  return verifyWebhook([key], c.req.raw.headers, body, Date.now());
}

/** The claim a piece of log belongs to: named in headers, or the one that holds the attempt now. */
async function logClaim(c: Context<AppEnv>, attemptId: string): Promise<Claim | undefined> {
  const [epoch, nonce] = [c.req.header("x-patch-epoch"), c.req.header("x-patch-nonce")];
  // What is named and cannot be read names no claim: taking another for it would be a guess.
  if (epoch !== undefined || nonce !== undefined)
    return Claim.safeParse({ attemptId, epoch: Number(epoch ?? Number.NaN), nonce }).data;
  const attempt = await findAttempt(c.var.db, attemptId);
  return attempt === undefined || attempt.nonce === null ? undefined : { ...attempt, attemptId, nonce: attempt.nonce };
}
