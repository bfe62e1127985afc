/**
 * The way to a stack's object, and from its refusals to HTTP.
 *
 * @module
 */
import type { PatchStack } from "../../durable-objects/patch-stack.ts";
import type { ErrorCode } from "../contract/error.ts";
import { ApiError } from "./http.ts";

/** The object that owns the stack. */
export function stackObject(env: Env, stackId: string): DurableObjectStub<PatchStack> {
  return env.PATCH_STACK.getByName(stackId);
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
