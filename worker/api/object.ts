/**
 * The way to a stack's object, and from its refusals to HTTP.
 *
 * @module
 */
import type { PatchStack } from "../../durable-objects/patch-stack.ts";
import type { ErrorCode } from "../contract/error.ts";
import { ApiError } from "./http.ts";

/** Said to whoever asked for something while {@link isObjectAway}. */
export const OBJECT_AWAY = "the stack's object is being replaced or is very busy; try again";

/** The object that owns the stack. */
export function stackObject(env: Env, stackId: string): DurableObjectStub<PatchStack> {
  return env.PATCH_STACK.getByName(stackId);
}

/**
 * Whether a call to an object failed for a reason that passes: its code is being updated, it is still of the version
 * before and does not know the call, or it has too much to do. What was asked may have been done.
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
export function isObjectAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { retryable, overloaded } = error as { retryable?: unknown; overloaded?: unknown };
  return retryable === true || overloaded === true || error.message.startsWith("The RPC receiver does not implement");
}

/** The stack of an attempt id (`<stackId>.<number>`); undefined for anything that is none. */
export function stackOfAttempt(attemptId: string): string | undefined {
  return /^(.{1,64})\.[1-9][0-9]{0,9}$/.exec(attemptId)?.[1];
}

/** Throws the refusal, or gives the answer. */
export function granted<A extends { ok: true } | { ok: false; code: ErrorCode; message: string }>(
  answer: A,
): Extract<A, { ok: true }> {
  if (!answer.ok) throw new ApiError(answer.code, answer.message);
  return answer as Extract<A, { ok: true }>;
}
