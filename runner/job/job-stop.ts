/**
 * Why a job ends before it has produced something, as a value that steps hand up.
 *
 * @module
 */

import type { StackReport } from "../../worker/contract/report.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { GitError } from "../git/git-error.ts";

export type JobStop = {
  outcome: "blocked" | "failed" | "needs_intervention";
  code: string;
  message: string;
  /** The runner's own fault: the same work may succeed elsewhere. */
  infrastructure?: boolean;
};

export type Step<T> = { ok: true; value: T } | { ok: false; stop: JobStop };

export function stopped(outcome: JobStop["outcome"], code: string, message: string): { ok: false; stop: JobStop } {
  return { ok: false, stop: { outcome, code, message } };
}

/** The wire takes 4000 characters of message. */
const MAX_MESSAGE = 4000;

export function resultOfStop(stop: JobStop, report?: StackReport): AttemptResult {
  const message = stop.message.length > MAX_MESSAGE ? `${stop.message.slice(0, MAX_MESSAGE - 1)}…` : stop.message;
  return {
    outcome: stop.outcome,
    reason: { code: stop.code, message },
    infrastructure: stop.infrastructure === true,
    candidates: [],
    ...(report === undefined ? {} : { report }),
  };
}

/**
 * What a failed exchange with a remote means for the attempt. An outage, a wrong credential or a
 * missing repository is state outside: it blocks, and the server tries again by itself.
 */
export function stopOfGit(error: unknown, what: string, url: string): { ok: false; stop: JobStop } {
  // An abort is no outcome; whoever aborted says what it means.
  if (!(error instanceof GitError) || error.code === "aborted") throw error;
  const said = `git said: ${error.message}`;
  switch (error.code) {
    case "remote_unreachable":
    case "timeout":
      return stopped("blocked", "remote_unreachable", `${what} (${url}) cannot be reached; ${said}`);
    case "auth_failed":
      return stopped(
        "blocked",
        "auth_failed",
        `${what} (${url}) refuses the runner's credential; give the runner one that may; ${said}`,
      );
    case "remote_not_found":
      return stopped(
        "blocked",
        "repository_missing",
        `${what} (${url}) is not there, or not to be seen with the runner's credential; correct the stack's URL or the access; ${said}`,
      );
    case "protocol_refused":
      return stopped(
        "failed",
        "protocol_refused",
        `${what} (${url}) asks for a transport that the runner refuses; ${said}`,
      );
    case "objects_refused":
      return stopped(
        "needs_intervention",
        "objects_refused",
        `${what} (${url}) has objects that git takes for dangerous; look at them before anything is carried; ${said}`,
      );
    case "push_rejected":
      if (/without [`']?workflows?[`']? (?:scope|permission)/i.test(error.stderrTail))
        return stopped(
          "needs_intervention",
          "workflow_permission",
          `${what} (${url}) takes changes of workflow files only from a token that may write them; give the runner one, then resume; ${said}`,
        );
      if (/protected branch|GH006|GH013/i.test(error.stderrTail))
        return stopped(
          "needs_intervention",
          "branch_protected",
          `${what} (${url}) protects the branch; let the runner's account push there, or name another candidateRef, then resume; ${said}`,
        );
      return stopped("failed", "push_rejected", `${what} (${url}) rejected the push; ${said}`);
    default:
      return {
        ok: false,
        stop: { outcome: "failed", code: error.code, message: `${what}: ${said}`, infrastructure: true },
      };
  }
}
