/**
 * Why the engine could not do what it was asked, as a value: a code for programs and a sentence for
 * people that says what to do.
 *
 * @module
 */
import type { Reason } from "../../worker/contract/primitives.ts";

export type EngineFailureCode =
  | "git_too_old"
  | "not_a_repository"
  | "ref_missing"
  | "bad_ref_name"
  | "unrelated_histories"
  | "shallow_no_merge_base"
  | "base_not_ancestor"
  | "missing_objects"
  | "not_on_onto"
  | "patches_unaccounted";

export interface EngineFailure extends Reason {
  code: EngineFailureCode;
  /** Oids or names the failure is about: missing patches, a ref that was not found. */
  about: string[];
}

export type EngineResult<T> = ({ ok: true } & T) | { ok: false; reason: EngineFailure };

export function failure(
  code: EngineFailureCode,
  message: string,
  about: string[] = [],
): {
  ok: false;
  reason: EngineFailure;
} {
  return { ok: false, reason: { code, message, about } };
}
