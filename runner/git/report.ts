/**
 * Builds the stack report, and refuses to build one that does not account for every patch.
 *
 * @module
 */
import type { PatchOutcome, PatchReport, StackReport } from "../../worker/contract/report.ts";
import type { PatchFate } from "./outcome.ts";
import type { Stack, StackPatch } from "./stack.ts";

export interface ReportInput {
  stackId: string;
  branch: string;
  onto: { ref: string; oid: string; tagOid?: string | undefined };
  stack: Stack;
  fates: readonly PatchFate[];
  /** Null when patches conflict: nothing half-done is a result. */
  result: { oid: string; tree: string } | null;
  rangeDiff: string;
  warnings: readonly string[];
  replaySeconds: number;
}

const KEPT: ReadonlySet<PatchOutcome> = new Set(["carried", "adapted"]);

export function buildReport(input: ReportInput): StackReport {
  const { stack, fates } = input;
  const patches = fates.map((fate) => patchReport(fate, input.result !== null));
  const counts = { carried: 0, adapted: 0, upstreamed: 0, empty: 0, dropped: 0, conflicted: 0 };
  for (const { outcome } of patches) counts[outcome] += 1;
  assertAccounted(stack.patches, patches, input.result !== null);
  const { ref, oid, tagOid } = input.onto;
  return {
    v: 1,
    stackId: input.stackId,
    branch: input.branch,
    onto: { ref, oid, ...(tagOid === undefined ? {} : { tagOid }) },
    base: { oid: stack.base.oid },
    head: { oid: stack.head.oid },
    result: input.result,
    patches,
    counts,
    rangeDiff: input.rangeDiff,
    verify: [],
    drift: { commitsBehind: stack.commitsBehind, daysBehind: daysBehind(stack) },
    warnings: [...input.warnings],
    timings: { fetch: 0, replay: input.replaySeconds, checkout: 0, verify: 0, push: 0 },
  };
}

function patchReport(fate: PatchFate, hasResult: boolean): PatchReport {
  const { commit } = fate.picked.patch;
  return {
    oid: commit.oid,
    subject: commit.subject,
    author: `${commit.author.name} <${commit.author.email}>`,
    authoredAt: isoTime(commit.author.seconds),
    ...(fate.patchId === undefined ? {} : { patchId: fate.patchId }),
    outcome: fate.outcome,
    // Without a result the new commits are thrown away: an oid nobody can look up helps nobody.
    ...(hasResult && fate.newOid !== undefined ? { newOid: fate.newOid } : {}),
    ...(fate.upstreamOid === undefined ? {} : { upstreamOid: fate.upstreamOid }),
    ...(fate.notes.length === 0 ? {} : { note: fate.notes.join("; ") }),
    ...(fate.conflicts === undefined ? {} : { conflicts: fate.conflicts }),
  };
}

/**
 * In equals kept plus explained.
 *
 * @throws {Error} when it does not: a bug of ours that must never reach a branch.
 */
export function assertAccounted(
  stack: readonly StackPatch[],
  patches: readonly PatchReport[],
  hasResult: boolean,
): void {
  const unaccounted = (what: string) => new Error(`the replay does not account for every patch: ${what}`);
  if (stack.length !== patches.length) throw unaccounted(`${stack.length} in, ${patches.length} reported`);
  const conflicted = patches.some((patch) => patch.outcome === "conflicted");
  if (conflicted === hasResult) throw unaccounted(hasResult ? "a result in spite of conflicts" : "no result");
  patches.forEach((patch, index) => {
    if (stack[index]?.commit.oid !== patch.oid) throw unaccounted(`${patch.oid} is not where it was`);
    if (KEPT.has(patch.outcome)) {
      if (hasResult && patch.newOid === undefined) throw unaccounted(`${patch.oid} is kept but nowhere`);
    } else if (patch.newOid !== undefined) throw unaccounted(`${patch.oid} is ${patch.outcome} and kept`);
    else if (patch.note === undefined && patch.upstreamOid === undefined && (patch.conflicts ?? []).length === 0)
      throw unaccounted(`${patch.oid} is ${patch.outcome} and nothing says why`);
  });
}

function daysBehind({ base, onto, commitsBehind }: Stack): number {
  if (commitsBehind === 0) return 0;
  const days = (onto.committedSeconds - base.committedSeconds) / 86_400;
  return Math.max(0, Math.round(days * 100) / 100);
}

function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}
