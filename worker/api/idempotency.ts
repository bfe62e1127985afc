/**
 * Idempotency-Key on POST: the first answer is given again, another request under the same key is
 * refused, and one that comes while the first is worked on waits for its answer. Commands to a stack
 * keep their answer in the same commit; what they return is kept here in its rendered form too, so that
 * a repetition reads exactly as the first time.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { sha256Hex } from "../auth/digest.ts";
import { type AnswerRow, reserveAnswer, settleAnswer } from "../store/answers.ts";
import { ApiError, type AppEnv } from "./http.ts";

const KEY = /^[\x21-\x7e]{1,128}$/;

/** A first request that has not answered after this long is taken to be lost, milliseconds. */
const LOST_MS = 20_000;

/** Between two looks for its answer, milliseconds. */
const LOOK_EVERY_MS = 100;

export const idempotent = createMiddleware<AppEnv>(async (c, next) => {
  const given = c.req.header("idempotency-key");
  if (c.req.method !== "POST" || given === undefined) return next();
  if (!KEY.test(given)) throw new ApiError("invalid_request", "Idempotency-Key: use 1 to 128 visible ASCII characters");
  const key = `key:${c.var.actor.name}:${given}`;
  const body = await c.req.raw.clone().arrayBuffer();
  // With what the token may: one made anew under the name is not given what it might not ask for.
  const may = c.var.actor.scopes.toSorted().join(",");
  const { pathname, search } = new URL(c.req.url);
  const asked = `${c.req.method} ${pathname}${search} ${may}`;
  const hash = await sha256Hex(`${asked} ${await sha256Hex(new Uint8Array(body))}`);
  const known = await firstAnswer(c, `http:${key}`, hash);
  if (known !== undefined) {
    c.header("Idempotency-Replayed", "true");
    return c.json(known.body as object, known.status as 200);
  }
  c.set("idempotency", { key, hash });
  await next();
  // Refusals are given anew: what caused them may have gone.
  const answer = c.res;
  const keeps = answer.ok && answer.headers.get("content-type")?.includes("json") === true;
  const kept = keeps ? { status: answer.status, body: withoutSecret(await answer.clone().json()) } : undefined;
  await settleAnswer(c.var.db, `http:${key}`, kept);
});

/** The answer that there is under the key; undefined when this request is the one to make it. */
async function firstAnswer(c: Context<AppEnv>, key: string, requestHash: string): Promise<AnswerRow | undefined> {
  for (;;) {
    const now = Date.now();
    const times = { at: new Date(now).toISOString(), staleBefore: new Date(now - LOST_MS).toISOString() };
    const there = await reserveAnswer(c.var.db, { key, requestHash, ...times });
    if (there === undefined) return undefined;
    if (there.requestHash !== requestHash)
      throw new ApiError("id_reused", "this Idempotency-Key was used for another request");
    if (there.answer !== undefined) return there.answer;
    await scheduler.wait(LOOK_EVERY_MS);
  }
}

/** A secret is shown once; the record must not hold it. */
function withoutSecret(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("secret" in body)) return body;
  return { ...body, secret: "shown once, when it was made" };
}
