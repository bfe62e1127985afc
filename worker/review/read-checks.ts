/**
 * Reads what the forge's own checks say of the candidate that a landing waits to land.
 *
 * @module
 */
import { repositoriesOf } from "../contract/stack.ts";
import type { ForgeFailure } from "../forges/forge.ts";
import { type ForgeContext, openForge } from "../forges/open-forge.ts";
import type { Database } from "../store/database.ts";
import { branchCandidate } from "../store/dispatches.ts";
import type { AttemptRow } from "../store/rows.ts";
import { findStack } from "../store/stacks.ts";
import { type ChecksAnswer, judgeChecks } from "./check-verdict.ts";

/** Asks about the exact commit: what a branch of that name stands on now is nobody's word for it. */
export async function readChecks(
  db: Database,
  { stackId, landsAttemptId }: Pick<AttemptRow, "stackId" | "landsAttemptId">,
  context: ForgeContext,
  now: number,
): Promise<ChecksAnswer> {
  const stack = await findStack(db, stackId);
  const candidate = landsAttemptId === null ? undefined : await branchCandidate(db, landsAttemptId);
  const fork = stack === undefined ? undefined : repositoriesOf(stack.config)?.fork;
  if (stack === undefined || candidate === undefined || fork === undefined)
    return {
      kind: "unknown",
      reason: { code: "no_candidate", message: "there is no candidate whose checks could be read" },
    };
  const opened = await openForge(fork, context);
  if (!opened.ok) return unread(opened.failure, now);
  const checks = await opened.value.checks(candidate.oid);
  if (!checks.ok) return unread(checks.failure, now);
  return judgeChecks(checks.value, stackId, stack.config.policy.checks?.required ?? []);
}

function unread({ code, message, until }: ForgeFailure, now: number): ChecksAnswer {
  const afterSeconds = until === undefined ? undefined : Math.max(1, Math.ceil((Date.parse(until) - now) / 1000));
  return { kind: "unknown", reason: { code: `forge_${code}`, message }, afterSeconds };
}
