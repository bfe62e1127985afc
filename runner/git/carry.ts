/**
 * A located stack on its new base: merged, written as commits, every patch accounted for.
 *
 * @module
 */
import { rewriteCommit, withSignature } from "./commit.ts";
import type { CommitDiff } from "./commit-diffs.ts";
import { missingLfsObjects } from "./lfs.ts";
import { accountForPatches, type PatchFate } from "./outcome.ts";
import { type PickedPatch, pickStack } from "./pick.ts";
import type { ReplayRequest } from "./replay-request.ts";
import type { Stack } from "./stack.ts";
import { type UpstreamCommitInfo, upstreamCommitsTouching } from "./upstream-history.ts";
import type { Workbench } from "./workbench.ts";

/** Fixed, so that the same inputs make the same commits whoever replays them, wherever and whenever. */
export const DEFAULT_COMMITTER = { name: "patch.moi", email: "patch.moi@localhost" } as const;

/**
 * How many upstream commits are searched for patches that were picked without trouble: all there is
 * to learn is that upstream took one and took it back. What conflicts or is left empty is looked for
 * in all of history.
 */
const SEARCHED_ALWAYS = 2_000;

export interface CarriedStack {
  fates: PatchFate[];
  /** The last new commit; `onto` when no patch was picked. */
  tip: string;
  tree: string;
  warnings: string[];
}

export async function carryPatches(
  bench: Workbench,
  stack: Stack,
  diffs: ReadonlyMap<string, CommitDiff>,
  request: Pick<ReplayRequest, "committer" | "sign" | "signal" | "onProgress" | "resolve">,
): Promise<CarriedStack> {
  const { options } = bench.quarantine;
  const range = { onto: stack.onto.oid, head: stack.head.oid };
  const isDeep = stack.commitsBehind > SEARCHED_ALWAYS;
  const [picked, newest] = await Promise.all([
    pickStack(bench, stack, diffs, request),
    upstreamCommitsTouching(options, isDeep ? { ...range, newest: SEARCHED_ALWAYS } : range, touchedPaths(diffs)),
  ]);
  const unexplained = picked.filter(({ state }) => state === "conflict" || state === "nothing_left");
  const history =
    isDeep && unexplained.length > 0
      ? merged(await upstreamCommitsTouching(options, range, touchedPaths(diffs, unexplained)), newest)
      : newest;
  const { newCommits, tip, tree } = await writeCommits(bench, stack, picked, request);
  // From here on processes look at the new commits, where git merged whole trees.
  const isWhole = ({ state, asItWas, miniature }: PickedPatch) =>
    state === "picked" && asItWas !== true && miniature === undefined;
  if (picked.some(isWhole)) bench.writer.flush();
  const fates = await accountForPatches(bench, stack, picked, { diffs, history, newCommits });
  for (const fate of fates) {
    const { resolution } = fate.picked;
    if (resolution === undefined) continue;
    fate.notes.push(resolution);
    // Whatever its patch-id says: somebody should look at it.
    if (fate.outcome === "carried") fate.outcome = "adapted";
  }
  const warnings = await missingLfsObjects(bench, fates, diffs);
  if (isDeep && picked.some(({ state }) => state === "picked"))
    warnings.push(
      `Only the newest ${SEARCHED_ALWAYS} of upstream's ${stack.commitsBehind} new commits were searched for patches that upstream took and reverted: older reverts are not told.`,
    );
  return { fates, tip, tree, warnings };
}

/** The files of all patches, or of some. */
function touchedPaths(diffs: ReadonlyMap<string, CommitDiff>, of?: readonly PickedPatch[]): string[] {
  const oids = of?.map(({ patch }) => patch.commit.oid) ?? [...diffs.keys()];
  return [...new Set(oids.flatMap((oid) => diffs.get(oid)?.changes.map(({ path }) => path) ?? []))];
}

/** `newest` is complete as far back as it goes: what else `all` has is older. */
function merged(all: readonly UpstreamCommitInfo[], newest: readonly UpstreamCommitInfo[]): UpstreamCommitInfo[] {
  const known = new Set(newest.map(({ oid }) => oid));
  return [...newest, ...all.filter(({ oid }) => !known.has(oid))];
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
