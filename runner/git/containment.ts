/**
 * Whether and where upstream holds a change, told by its effect and not by its patch-id.
 *
 * @module
 */
import { readDiffs } from "./commit-diffs.ts";
import { conflictRegions } from "./conflict-region.ts";
import { textLikeness } from "./likeness.ts";
import { commonShare, difference, overlaps } from "./line-sets.ts";
import type { Stack, StackPatch } from "./stack.ts";
import type { UpstreamCommitInfo } from "./upstream-history.ts";
import type { Workbench } from "./workbench.ts";

/**
 * The upstream commit that brought the change of a patch, when replaying the patch on `onto` leaves
 * nothing: the first one on which there is nothing to replay, found by halving.
 *
 * @param touching upstream commits that touch the patch's files, newest first
 */
export async function containingCommit(
  bench: Workbench,
  patch: StackPatch,
  touching: readonly UpstreamCommitInfo[],
): Promise<UpstreamCommitInfo | undefined> {
  const oldestFirst = touching.toReversed();
  let without = -1;
  let held = oldestFirst.length - 1;
  const last = oldestFirst[held];
  if (last === undefined || !(await holds(bench, patch, last.oid))) return undefined;
  while (held - without > 1) {
    const middle = Math.floor((held + without) / 2);
    const commit = oldestFirst[middle];
    if (commit === undefined) break;
    if (await holds(bench, patch, commit.oid)) held = middle;
    else without = middle;
  }
  return oldestFirst[held];
}

/** True when replaying the patch on a commit changes nothing. */
export async function holds(bench: Workbench, { commit, parent }: StackPatch, on: string): Promise<boolean> {
  const tree = await bench.reader.info(`${on}^{tree}`);
  if (tree === undefined || parent === undefined) return false;
  const answer = await bench
    .merger()
    .merge({ tree: parent.tree, commit: parent.oid }, { tree: tree.oid }, { tree: commit.tree, commit: commit.oid });
  return answer.clean && answer.tree === tree.oid;
}

/**
 * Whether an upstream commit is still in effect in `onto`: taking it back must change every file and
 * every place it changed, be it into a conflict with what upstream made of those lines since.
 */
export async function inEffect(bench: Workbench, stack: Stack, commit: UpstreamCommitInfo): Promise<boolean> {
  if (commit.parent === undefined) return true;
  const [after, before] = await Promise.all([
    bench.reader.info(`${commit.oid}^{tree}`),
    bench.reader.info(`${commit.parent}^{tree}`),
  ]);
  if (after === undefined || before === undefined) return false;
  const onto = stack.onto.tree;
  const answer = await bench.merger().merge({ tree: after.oid }, { tree: onto }, { tree: before.oid });
  const diffs = await readDiffs(
    bench.quarantine.options,
    [
      { from: commit.parent, to: commit.oid },
      { from: onto, to: answer.tree },
    ],
    { lines: true },
  );
  const made = diffs.get(commit.oid);
  const undone = diffs.get(answer.tree);
  if (made === undefined || undone === undefined) return false;
  let isThere = undone.changes.length > 0;
  const undonePaths = new Set(undone.changes.map((change) => change.path));
  for (const { path, status, newOid } of made.changes) {
    const there = /[\n\0]/.test(path) ? undefined : await bench.reader.info(`${onto}:${path}`);
    // A file that was deleted and is there again, whatever it holds now.
    if (status === "D" && there !== undefined) return false;
    if (!undonePaths.has(path)) {
      // Moved or deleted since: what became of it is elsewhere, and there something was undone.
      if (there === undefined) continue;
      // A file that was added and changed since is not taken away by a merge.
      if (status !== "A" || !(await isSameFileStill(bench, newOid, there.oid))) return false;
      isThere = true;
      continue;
    }
    if ((undone.lines.get(path)?.hunks ?? 0) < (made.lines.get(path)?.hunks ?? 0)) return false;
    if (!answer.clean && (await isGoneSomewhere(bench, answer.tree, path))) return false;
  }
  return isThere;
}

/** From here on two files of one name are one file, edited: as git tells renames. */
const SAME_FILE = 0.5;

/** Whether what stands at a path grew out of what was added there, or is another file of that name. */
async function isSameFileStill(bench: Workbench, added: string, there: string): Promise<boolean> {
  const [before, now] = await Promise.all([bench.reader.read(added), bench.reader.read(there)]);
  if (before?.type !== "blob" || now?.type !== "blob") return false;
  const [from, to] = [before.content.toString("utf8"), now.content.toString("utf8")];
  return Math.max(commonShare(linesOf(from), linesOf(to)), textLikeness(from, to)) >= SAME_FILE;
}

function linesOf(text: string): Set<string> {
  return new Set(text.split("\n").map((line) => line.trim()));
}

/** From here on two lines are one line, edited. */
const EDITED = 0.5;

/**
 * Taking a commit back conflicts where its lines were changed since. If what stands there is what
 * stood there before the commit, or nothing like what it added, it was undone by hand.
 */
async function isGoneSomewhere(bench: Workbench, tree: string, path: string): Promise<boolean> {
  if (/[\n\0]/.test(path)) return true;
  const blob = await bench.reader.read(`${tree}:${path}`);
  for (const { ours, base, theirs } of conflictRegions(blob?.content.toString("utf8") ?? "")) {
    const added = difference(base, theirs);
    const removed = difference(theirs, base);
    if (overlaps(added, ours)) continue;
    if (removed.size > 0 && difference(removed, ours).size === 0) return true;
    const since = [...difference(difference(ours, base), theirs)];
    const edited = [...added].some((line) => since.some((other) => textLikeness(line, other) >= EDITED));
    if (added.size > 0 && removed.size === 0 && !edited) return true;
  }
  return false;
}
