/**
 * What the checks on a candidate say together.
 *
 * @module
 */
import type { Reason } from "../contract/primitives.ts";
import type { CommitCheck } from "../forges/forge.ts";

export type ChecksVerdict =
  /** `settled` false: more checks may report yet, and nobody said which. */
  { kind: "passed"; settled: boolean; message: string } | { kind: "pending" | "failed"; message: string };

/** A verdict, or why there is none. */
export type ChecksAnswer = ChecksVerdict | { kind: "unknown"; reason: Reason; afterSeconds?: number | undefined };

/** Checks that a message names. */
const MOST_NAMED = 5;

/** Context of the status that we set ourselves on a stack's candidates: it says nothing about them. */
export function ownContext(stackId: string): string {
  return `patch.moi/${stackId}`;
}

/** `required`: names of the checks that count; none means all. Red wins over pending: a person can act at once. */
export function judgeChecks(all: readonly CommitCheck[], stackId: string, required: readonly string[]): ChecksVerdict {
  const others = all.filter(({ name }) => name !== ownContext(stackId));
  const counted = required.length === 0 ? others : others.filter(({ name }) => required.includes(name));
  const failed = counted.filter(({ state }) => state === "failed");
  if (failed.length > 0) {
    const are = failed.length === 1 ? "check is" : "checks are";
    return { kind: "failed", message: `${failed.length} ${are} red: ${named(failed)}` };
  }
  const silent = required.filter((name) => !counted.some((check) => check.name === name)).map((name) => ({ name }));
  const pending = [...counted.filter(({ state }) => state === "pending"), ...silent];
  if (pending.length > 0)
    return {
      kind: "pending",
      message: `waits for ${pending.length} of ${counted.length + silent.length} checks: ${named(pending)}`,
    };
  if (counted.length === 0) return { kind: "pending", message: "no check has reported on the candidate yet" };
  const message = counted.length === 1 ? "the one check is green" : `all ${counted.length} checks are green`;
  return { kind: "passed", settled: required.length > 0, message };
}

function named(checks: readonly Pick<CommitCheck, "name" | "url">[]): string {
  const shown = checks.slice(0, MOST_NAMED).map(({ name, url }) => {
    const short = `'${name.slice(0, 100)}'`;
    return url === undefined ? short : `${short} (${url.slice(0, 500)})`;
  });
  const more = checks.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
