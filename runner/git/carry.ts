/**
 * A located stack on its new base: merged, written as commits, every patch accounted for.
 *
 * @module
 */
import { rewriteCommit, withSignature } from "./commit.ts";
import type { CommitDiff } from "./commit-diffs.ts";
import { accountForPatches, type PatchFate } from "./outcome.ts";
import { type PickedPatch, pickStack } from "./pick.ts";
import type { ReplayRequest } from "./replay-request.ts";
import type { Stack } from "./stack.ts";
import { upstreamCommitsTouching } from "./upstream-history.ts";
import type { Workbench } from "./workbench.ts";

/** Fixed, so that the same inputs make the same commits whoever replays them, wherever and whenever. */
export const DEFAULT_COMMITTER = { name: "patch.moi", email: "patch.moi@localhost" } as const;

export interface CarriedStack {
  fates: PatchFate[];
  /** The last new commit; `onto` when no patch was picked. */
  tip: string;
  tree: string;
}

export async function carryPatches(
  bench: Workbench,
  stack: Stack,
  diffs: ReadonlyMap<string, CommitDiff>,
  request: Pick<ReplayRequest, "committer" | "sign" | "signal" | "onProgress">,
): Promise<CarriedStack> {
  const range = { onto: stack.onto.oid, head: stack.head.oid };
  const [picked, history] = await Promise.all([
    pickStack(bench, stack, diffs, request),
    upstreamCommitsTouching(bench.quarantine.options, range, touchedPaths(diffs)),
  ]);
  const { newCommits, tip, tree } = await writeCommits(bench, stack, picked, request);
  const fates = await accountForPatches(bench, stack, picked, { diffs, history, newCommits });
  return { fates, tip, tree };
}

function touchedPaths(diffs: ReadonlyMap<string, CommitDiff>): string[] {
  const paths = new Set<string>();
  for (const { changes } of diffs.values()) for (const { path } of changes) paths.add(path);
  return [...paths];
}

/** The picked patches as commits, each on the one before, the first on `onto`. */
async function writeCommits(
  bench: Workbench,
  stack: Stack,
  picked: readonly PickedPatch[],
  request: Pick<ReplayRequest, "committer" | "sign">,
) {
  const newCommits = new Map<string, { oid: string; parent: string }>();
  const committer = request.committer ?? DEFAULT_COMMITTER;
  let tip = stack.onto.oid;
  let tree = stack.onto.tree;
  for (const { patch, state, after } of picked) {
    if (state !== "picked") continue;
    const parent = tip;
    const object = rewriteCommit(patch.commit, { tree: after, parent, committer });
    const signed = request.sign === undefined ? object : withSignature(object, await request.sign(object));
    tip = bench.writer.write("commit", signed);
    tree = after;
    newCommits.set(patch.commit.oid, { oid: tip, parent });
  }
  return { newCommits, tip, tree };
}
