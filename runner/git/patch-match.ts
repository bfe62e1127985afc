/**
 * Which upstream commits are the same change as a patch of the stack, and which took it back.
 *
 * @module
 */
import { type CommitDiff, readDiffs } from "./commit-diffs.ts";
import type { Quarantine } from "./quarantine.ts";
import type { StackPatch } from "./stack.ts";
import type { UpstreamCommitInfo } from "./upstream-history.ts";

export interface PatchMatch {
  /** The upstream commit that makes the same change, white space and all: the newest, when there are several. */
  commit: UpstreamCommitInfo;
  /** The upstream commit that took it back later, and was not itself taken back. */
  revertedBy?: UpstreamCommitInfo;
}

/**
 * By patch oid.
 *
 * @param commits upstream's, newest first, as {@link upstreamCommitsTouching} gives them
 * @param candidates those that {@link matchCandidates} chose
 * @param theirs the candidates' diffs, with patch-ids
 */
export async function matchPatches(
  quarantine: Quarantine,
  patches: readonly StackPatch[],
  diffs: ReadonlyMap<string, CommitDiff>,
  commits: readonly UpstreamCommitInfo[],
  candidates: readonly UpstreamCommitInfo[],
  theirs: ReadonlyMap<string, CommitDiff>,
): Promise<Map<string, PatchMatch>> {
  const matches = new Map<string, PatchMatch>();
  const byId = new Map<string, UpstreamCommitInfo[]>();
  for (const candidate of candidates) {
    const id = theirs.get(candidate.oid)?.exactId;
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), candidate]);
  }
  const matched = patches.filter((p) => byId.has(diffs.get(p.commit.oid)?.exactId ?? ""));
  const reversed = await reversedIds(quarantine, matched);
  for (const { commit } of matched) {
    const applied = byId.get(diffs.get(commit.oid)?.exactId ?? "") ?? [];
    const [newest] = applied;
    if (newest === undefined) continue;
    const undone = new Set(byId.get(reversed.get(commit.oid) ?? "") ?? []);
    for (const c of commits) if (applied.some((a) => says(c, a))) undone.add(c);
    // Newest first: whichever of the two kinds comes first has the last word.
    const last = commits.find((c) => undone.has(c) || applied.includes(c));
    const revertedBy = last !== undefined && undone.has(last) ? last : undefined;
    matches.set(commit.oid, { commit: newest, ...(revertedBy === undefined ? {} : { revertedBy }) });
  }
  return matches;
}

/** A commit can make the same change only if it changes the very same files. */
export function matchCandidates(
  patches: readonly StackPatch[],
  diffs: ReadonlyMap<string, CommitDiff>,
  commits: readonly UpstreamCommitInfo[],
): UpstreamCommitInfo[] {
  const wanted = new Set<string>();
  for (const { commit } of patches) wanted.add(fileKey((diffs.get(commit.oid)?.changes ?? []).map((c) => c.path)));
  wanted.delete("");
  return commits.filter((commit) => wanted.has(fileKey([...commit.paths])));
}

function fileKey(paths: string[]): string {
  return paths.sort().join("\0");
}

/** Exact ids of the patches backwards, by patch oid. */
async function reversedIds(q: Quarantine, patches: readonly StackPatch[]): Promise<Map<string, string>> {
  const pairs = patches.flatMap(({ commit, parent }) =>
    parent === undefined ? [] : [{ from: commit.oid, to: parent.oid, patch: commit.oid }],
  );
  const diffs = await readDiffs(q.options, pairs, { patchIds: true });
  return new Map(
    pairs.flatMap(({ to, patch }) => {
      const id = diffs.get(to)?.exactId;
      return id === undefined ? [] : [[patch, id]];
    }),
  );
}

/** `git revert` says so in the message. */
function says(commit: UpstreamCommitInfo, reverted: UpstreamCommitInfo): boolean {
  const named = /This reverts commit ([0-9a-f]{7,64})/.exec(commit.message)?.[1];
  return named !== undefined && reverted.oid.startsWith(named);
}
