/**
 * Replays the patches of a stack, one three-way merge of trees each. No work tree, no index.
 *
 * A patch that conflicts is left out and the next ones are replayed without it, so that every
 * conflict of the stack is named in one look. Leaving it out, and not taking its conflict markers or
 * one side of it along, keeps the tree one that upstream or a clean patch made: a later patch then
 * conflicts either with upstream or because of what is missing, and the two are told apart.
 *
 * @module
 */
import { attributesOf, isAttributesFile, speakOfLineEndings } from "./attributes.ts";
import type { CommitDiff, FileChange } from "./commit-diffs.ts";
import { GitError } from "./git-error.ts";
import type { MergeAnswer } from "./merge-answer.ts";
import type { Side } from "./merger.ts";
import { pickFiles } from "./pick-files.ts";
import { filesAt } from "./promised.ts";
import type { Resolver } from "./resolution.ts";
import type { Stack, StackPatch } from "./stack.ts";
import { upstreamTag } from "./upstream-tag.ts";
import type { Workbench } from "./workbench.ts";

export interface PickedPatch {
  patch: StackPatch;
  state: "picked" | "nothing_left" | "conflict" | "skipped";
  /** Tree the patch was merged into, and the tree after it; equal unless it was picked. */
  before: string;
  after: string;
  /** Its files stood as it expects them: it makes the very same change, file by file. */
  asItWas?: boolean;
  /** Commits of only its files, before and after, when they were merged alone: their diff is its diff. */
  miniature?: { before: string; after: string };
  /** Of a conflict. */
  answer?: MergeAnswer;
  /** True when it merged only after line endings were evened out as `.gitattributes` says. */
  renormalized?: boolean;
  /** Of a merge commit: what it is carried as, for the report. */
  mergeNote?: string;
  /** Of a patch that conflicted and was resolved all the same: by what. */
  resolution?: string;
}

export interface PickOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  resolve?: Resolver | undefined;
}

export async function pickStack(
  bench: Workbench,
  stack: Stack,
  diffs: ReadonlyMap<string, CommitDiff>,
  options: PickOptions,
): Promise<PickedPatch[]> {
  const touched = new Set<string>();
  for (const { commit } of stack.patches)
    for (const { path } of diffs.get(commit.oid)?.changes ?? []) touched.add(path);
  const { options: git } = bench.quarantine;
  const isRead = (path: string) => touched.has(path) || /(?:^|\/)\.gitattributes$/.test(path);
  if (git.bring !== undefined) await git.bring(await filesAt(stack.onto.tree, isRead, git));
  const [attributes] = await Promise.all([
    attributesOf(bench.reader, stack.onto.tree, touched),
    bench.editor.readAhead(stack.onto.tree, touched),
  ]);
  await bench.useAttributes(attributes);

  const picked: PickedPatch[] = [];
  let tree = stack.onto.tree;
  for (const patch of stack.patches) {
    if (options.signal?.aborted === true) throw new GitError("aborted", "replay", null, "");
    const changes = diffs.get(patch.commit.oid)?.changes ?? [];
    const result = await pickOne(bench, patch, tree, changes, options.resolve);
    picked.push(result);
    tree = result.after;
    options.onProgress?.(picked.length, stack.patches.length);
    if (result.state === "picked" && changes.some(({ path }) => isAttributesFile(path))) {
      // The tree is one of ours: what is held in memory cannot be read yet.
      bench.writer.flush();
      await bench.useAttributes(await attributesOf(bench.reader, tree, touched));
    }
  }
  return picked;
}

async function pickOne(
  bench: Workbench,
  patch: StackPatch,
  tree: string,
  changes: readonly FileChange[],
  resolve: Resolver | undefined,
): Promise<PickedPatch> {
  const unchanged = { patch, before: tree, after: tree };
  if (upstreamTag(patch.commit.subject)?.rule === "drop") return { ...unchanged, state: "skipped" };
  if (patch.commit.parents.length === 1) {
    const files = await pickFiles(bench, tree, patch.commit.oid, changes);
    if (files?.tree === tree) return { ...unchanged, state: "nothing_left" };
    if (files !== undefined) {
      const { miniature } = files;
      const how = miniature === undefined ? { asItWas: true } : { miniature };
      return { patch, before: tree, after: files.tree, state: "picked", ...how };
    }
  }
  const { base, theirs, mergeNote } = await sidesOf(bench, patch);
  // A commit that was empty from the start is kept, as git rebase does.
  if (base.tree === theirs.tree && patch.commit.parents.length < 2) return { ...unchanged, state: "picked" };

  let answer = await bench.merger().merge(base, { tree }, theirs);
  let renormalized = false;
  if (!answer.clean && speakOfLineEndings(bench.attributes)) {
    const again = await bench.merger(true).merge(base, { tree }, theirs);
    if (again.clean) {
      answer = again;
      renormalized = true;
    }
  }
  const more = { ...(mergeNote === undefined ? {} : { mergeNote }), ...(renormalized ? { renormalized } : {}) };
  if (!answer.clean) {
    const resolved = await resolve?.({ bench, patch, tree, answer });
    if (resolved === undefined) return { ...unchanged, ...more, state: "conflict", answer };
    const state = resolved.tree === tree ? "nothing_left" : "picked";
    return { patch, before: tree, after: resolved.tree, ...more, state, resolution: resolved.note };
  }
  if (answer.tree === tree) return { ...unchanged, ...more, state: "nothing_left" };
  return { patch, before: tree, after: answer.tree, ...more, state: "picked" };
}

/**
 * What a patch changes, as two trees. For a merge commit:
 *
 * - of commits upstream has: from what git would have merged by itself to what the merge holds.
 *   Upstream's part comes with the new base; what is left is the merge's own. Where git would have
 *   stopped, that is a tree with conflict markers, and what replaced them is the merge's own.
 * - of anything else: from its first parent, so that all it brought is carried, as one commit.
 */
async function sidesOf(bench: Workbench, patch: StackPatch): Promise<{ base: Side; theirs: Side; mergeNote?: string }> {
  const { commit, parent } = patch;
  const theirs = { tree: commit.tree, commit: commit.oid };
  const base = parent === undefined ? { tree: bench.writer.writeTree([]) } : { tree: parent.tree, commit: parent.oid };
  if (commit.parents.length < 2) return { base, theirs };
  const [first, second, ...others] = commit.parents;
  const byItself =
    first !== undefined && second !== undefined && others.length === 0
      ? await bench.merger().mergeCommits(first, second)
      : undefined;
  if (patch.mergesUpstream && byItself !== undefined) {
    const mergeNote =
      byItself.tree === commit.tree
        ? "merge of upstream commits that changes nothing itself"
        : `merge of upstream commits${byItself.clean ? "" : " with conflicts that were resolved"}; what it changed itself is carried as one ordinary commit`;
    return { base: { tree: byItself.tree }, theirs: { tree: commit.tree }, mergeNote };
  }
  const own =
    byItself?.clean === true && byItself.tree === commit.tree ? "" : ", with the changes made in the merge itself";
  return { base, theirs, mergeNote: `merge commit, carried as one ordinary commit with all it brought${own}` };
}
