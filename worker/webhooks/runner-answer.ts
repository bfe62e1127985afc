/**
 * What refused runners are told: the same for every reason that an unauthenticated sender might
 * learn from, and a directive for those who once had the claim.
 *
 * @module
 */
import type { Context } from "hono";
import { ApiError, type AppEnv, errorBody } from "../api/http.ts";
import { ERROR_STATUS, type ErrorCode } from "../contract/error.ts";
import { log } from "../platform/log.ts";

/** One constant body for a bad or missing signature, skewed time and an unknown attempt. */
export function unauthenticated(c: Context<AppEnv>, why: string): Response {
  log("warn", "callback.refused", { path: c.req.path, why });
  return c.json(errorBody("unauthorized", "the request is not authenticated"), 401);
}

/** For the log, and the record of a set-up's check: why no signature of somebody whom we know can hold. */
export const ANOTHER_KEY = "its secret is of another PATCH_SIGNING_KEY than the deployment has now";

/** The refusal of an authenticated runner; `why` is for the log only. */
export function refused(
  c: Context<AppEnv>,
  code: ErrorCode,
  message: string,
  attemptId: string,
  why: string = code,
): Response {
  // The record no longer knows it: to the runner that is the same as never.
  if (code === "unauthorized" || code === "not_found") return unauthenticated(c, `${attemptId}: ${message}`);
  if (code === "storage_unavailable" || code === "overloaded" || code === "internal") throw new ApiError(code, message);
  log("warn", "callback.refused", { path: c.req.path, attemptId, why });
  const over = code === "fenced" || code === "closed" || code === "already_claimed";
  const body = over ? { ...errorBody(code, message), directive: "abort" } : errorBody(code, message);
  return c.json(body, ERROR_STATUS[code]);
}

/** The deployment's key, or a refusal that an operator understands. */
export function signingKey(c: Context<AppEnv>): string {
  const { signingKey: key } = c.var.settings;
  if (key === undefined)
    throw new ApiError("not_configured", "no runner can be served: set the secret PATCH_SIGNING_KEY");
  return key;
}

/** Reads a body up to a limit; what is larger is refused before anything else. */
export async function readBody(c: Context<AppEnv>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(c.req.header("content-length") ?? "0");
  const tooLarge = () => new ApiError("payload_too_large", `a body may have ${limit} bytes at most`);
  if (declared > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > limit) throw tooLarge();
    chunks.push(bytes);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** The body as JSON; undefined when it is none. */
export function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

export function isJson(c: Context<AppEnv>): boolean {
  return /^application\/json\s*(?:;|$)/i.test(c.req.header("content-type") ?? "");
}
