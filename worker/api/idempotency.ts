/**
 * Idempotency-Key on POST: the first answer is given again, another request under the same key is
 * refused. Commands to a stack keep their answer in the same commit; what they return is kept here
 * in its rendered form too, so that a repetition reads exactly as the first time.
 *
 * @module
 */
import { createMiddleware } from "hono/factory";
import { sha256Hex } from "../auth/digest.ts";
import { findAnswer, keepAnswer } from "../store/answers.ts";
import { ApiError, type AppEnv } from "./http.ts";

const KEY = /^[\x21-\x7e]{1,128}$/;

export const idempotent = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("idempotency-key");
  if (c.req.method !== "POST" || given === undefined) return next();
  if (!KEY.test(given)) throw new ApiError("invalid_request", "Idempotency-Key: use 1 to 128 visible ASCII characters");
  const key = `key:${c.var.actor.name}:${given}`;
  const body = await c.req.raw.clone().arrayBuffer();
  const hash = await sha256Hex(`${c.req.method} ${c.req.path} ${await sha256Hex(new Uint8Array(body))}`);
  const known = await findAnswer(c.var.db, `http:${key}`);
  if (known !== undefined) {
    if (known.requestHash !== hash)
      throw new ApiError("id_reused", "this Idempotency-Key was used for another request");
    c.header("Idempotency-Replayed", "true");
    return c.json(known.body as object, known.status as 200);
  }
  c.set("idempotency", { key, hash });
  await next();
  // Refusals are given anew: what caused them may have gone.
  const answer = c.res;
  if (!answer.ok || answer.headers.get("content-type")?.includes("json") !== true) return;
  const text: unknown = await answer.clone().json();
  const row = { key: `http:${key}`, requestHash: hash, status: answer.status, body: withoutSecret(text) };
  await keepAnswer(c.var.db, { ...row, at: new Date().toISOString() });
});

/** A secret is shown once; the record must not hold it. */
function withoutSecret(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("secret" in body)) return body;
  return { ...body, secret: "shown once, when it was made" };
}
