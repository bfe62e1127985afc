/**
 * Carries a patch stack onto a new base, in memory, and reports what became of every patch.
 *
 * @module
 */
import { carryPatches } from "./carry.ts";
import { type CommitDiff, readDiffs } from "./commit-diffs.ts";
import { largeFileWarnings } from "./large-files.ts";
import type { PatchFate } from "./outcome.ts";
import type { PickedPatch } from "./pick.ts";
import { rangeDiff } from "./range-diff.ts";
import type { ReplayAnswer, ReplayRequest } from "./replay-request.ts";
import { buildReport } from "./report.ts";
import { locateStack, type Stack } from "./stack.ts";
import { Workbench } from "./workbench.ts";

/**
 * Replays `headOid`'s patches onto `onto`.
 *
 * @returns a report, or why there is none. A stack with conflicts has a report whose `result` is null.
 * @throws {GitError} when git itself fails; {@link Error} when a patch would be lost.
 * @example
 * const answer = await replayStack({ gitDir, stackId, branch: "fork", headOid, onto: { ref: "v2", oid } });
 */
export async function replayStack(request: ReplayRequest): Promise<ReplayAnswer> {
  const startedAt = performance.now();
  const opened = await Workbench.open(request.gitDir, request);
  if (!opened.ok) return opened;
  const { bench } = opened;
  try {
    const located = await locateStack(bench.quarantine, bench.reader, {
      headOid: request.headOid,
      ontoOid: request.onto.oid,
      base: request.base,
      baseIs: request.baseIs ?? "recorded",
    });
    if (!located.ok) return located;
    return await replayLocated(bench, located.stack, request, startedAt);
  } finally {
    await bench.close();
  }
}

async function replayLocated(
  bench: Workbench,
  stack: Stack,
  request: ReplayRequest,
  startedAt: number,
): Promise<ReplayAnswer> {
  const { options } = bench.quarantine;
  const pairs = stack.patches.map(({ commit, parent }) => ({ from: parent?.oid, to: commit.oid }));
  const diffs = await readDiffs(options, pairs, { patchIds: true });
  const alreadyThere = stack.base.oid === stack.onto.oid && stack.commitsBehind === 0;
  const warnings = [...stack.warnings];
  const finish = (fates: PatchFate[], result: { oid: string; tree: string } | null, text: string): ReplayAnswer => ({
    ok: true,
    alreadyThere,
    report: buildReport({
      stackId: request.stackId,
      branch: request.branch,
      onto: request.onto,
      stack,
      fates,
      result,
      rangeDiff: text,
      warnings,
      replaySeconds: Math.round(performance.now() - startedAt) / 1000,
    }),
  });
  if (alreadyThere) {
    const fates = stack.patches.map((patch) => untouched(patch, diffs));
    const text = await rangeDiff(bench, stack, fates, stack.head.oid);
    return finish(fates, { oid: stack.head.oid, tree: stack.head.tree }, text);
  }

  const { fates, tip, tree, ...carried } = await carryPatches(bench, stack, diffs, request);
  warnings.push(...carried.warnings, ...(await largeFileWarnings(bench, fates, diffs)));
  const text = await rangeDiff(bench, stack, fates, tip);
  const conflicted = fates.some((fate) => fate.outcome === "conflicted");
  const unsigned = fates.filter((fate) => fate.newOid !== undefined && fate.picked.patch.commit.signed).length;
  if (unsigned > 0 && request.sign === undefined)
    warnings.push(
      `${unsigned} signed ${unsigned === 1 ? "patch loses its signature" : "patches lose their signatures"}: no signing key is configured.`,
    );
  if (!conflicted && request.objects !== "forget" && tip !== stack.onto.oid)
    await bench.keep(tip, [stack.onto.oid, stack.head.oid]);
  return finish(fates, conflicted ? null : { oid: tip, tree }, text);
}

/** A stack that stands on `onto` already: its commits are the result as they are. */
function untouched(patch: Stack["patches"][number], diffs: ReadonlyMap<string, CommitDiff>): PatchFate {
  const { commit, parent } = patch;
  const patchId = commit.parents.length > 1 ? undefined : diffs.get(commit.oid)?.patchId;
  const picked: PickedPatch = { patch, state: "picked", before: parent?.tree ?? "", after: commit.tree };
  return { picked, outcome: "carried", newOid: commit.oid, notes: [], ...(patchId === undefined ? {} : { patchId }) };
}
