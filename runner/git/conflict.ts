/**
 * Explains conflicts well enough to fix them in one sitting: the files, the kind, the upstream
 * commits that met the patch there, and the earlier patch whose absence a conflict follows from.
 *
 * @module
 */
import type { PatchConflict, UpstreamCommit } from "../../worker/contract/report.ts";
import { type CommitDiff, readDiffs } from "./commit-diffs.ts";
import { type ConflictedPath, conflictedPaths } from "./conflict-kind.ts";
import { type ConflictSubject, conflictRegions, conflictSubject } from "./conflict-region.ts";
import { LIKELY, likeness } from "./likeness.ts";
import { overlaps } from "./line-sets.ts";
import type { PickedPatch } from "./pick.ts";
import type { Stack } from "./stack.ts";
import { type UpstreamCommitInfo, upstreamCommitsTouching } from "./upstream-history.ts";
import type { Workbench } from "./workbench.ts";

export interface ExplainedConflict {
  conflicts: PatchConflict[];
  /** The upstream commit that looks like the patch itself. */
  proposal?: UpstreamCommitInfo;
}

/** Upstream commits named for one path: the newest; more would be a log and no explanation. */
const MAX_NAMED = 20;

/** A commit that adds more lines than this tells nothing about where its lines went. */
const MAX_FOLLOWED = 50;

/** A patch that is not in the new stack: its conflicts, or none when it was left out on purpose. */
interface OpenConflict {
  picked: PickedPatch;
  paths: ConflictedPath[];
}

/**
 * By patch oid.
 *
 * @param leftOut patches that conflict, and those dropped by a rule: later ones may need them
 * @param diffs those of the stack
 * @param history upstream's commits that touch its files
 */
export async function explainConflicts(
  bench: Workbench,
  stack: Stack,
  leftOut: readonly PickedPatch[],
  diffs: ReadonlyMap<string, CommitDiff>,
  history: readonly UpstreamCommitInfo[],
): Promise<Map<string, ExplainedConflict>> {
  const explained = new Map<string, ExplainedConflict>();
  const open: OpenConflict[] = leftOut.map((picked) => ({
    picked,
    paths: picked.answer === undefined ? [] : conflictedPaths(picked.answer),
  }));
  const commits = await withMore(bench, stack, open, diffs, history);
  const all = [
    ...new Set(
      open.flatMap(({ paths }) => paths.flatMap((p) => [p.path, ...p.alsoAs, ...movedFolder(p.path, p.kind)])),
    ),
  ];
  const relevant = commits.filter((commit) => all.some((path) => touches(commit.paths, path)));
  const [theirs, ours] = await Promise.all([
    readDiffs(
      bench.quarantine.options,
      relevant.map((c) => ({ from: c.parent, to: c.oid })),
      { lines: true },
    ),
    readDiffs(
      bench.quarantine.options,
      open.map(({ picked: { patch } }) => ({ from: patch.parent?.oid, to: patch.commit.oid })),
      { lines: true },
    ),
  ]);

  const earlier: OpenConflict[] = [];
  for (const conflict of open) {
    const { commit } = conflict.picked.patch;
    if (conflict.paths.length === 0) {
      earlier.push(conflict);
      continue;
    }
    const conflicts: PatchConflict[] = [];
    for (const path of conflict.paths)
      conflicts.push(await explainPath(bench, conflict, path, relevant, theirs, earlier, ours));
    const proposal = propose(conflict, relevant, theirs, ours);
    if (proposal !== undefined) for (const { upstreamCommits } of conflicts) putFirst(upstreamCommits, proposal);
    explained.set(commit.oid, { conflicts, ...(proposal === undefined ? {} : { proposal }) });
    earlier.push(conflict);
  }
  return explained;
}

/** The history known so far follows the stack's own paths; conflicts can be at others, after renames upstream. */
async function withMore(
  bench: Workbench,
  stack: Stack,
  open: readonly OpenConflict[],
  diffs: ReadonlyMap<string, CommitDiff>,
  history: readonly UpstreamCommitInfo[],
): Promise<readonly UpstreamCommitInfo[]> {
  const known = new Set([...diffs.values()].flatMap((diff) => diff.changes.map((change) => change.path)));
  const unknown = new Set<string>();
  for (const { path, kind, alsoAs } of open.flatMap(({ paths }) => paths)) {
    for (const name of [path, ...alsoAs]) if (!known.has(name)) unknown.add(name);
    // Upstream has a file where the patch needs a folder: its commits touch a parent of the path.
    if (kind === "file/directory") for (const parent of parents(path)) unknown.add(parent);
    for (const folder of movedFolder(path, kind)) unknown.add(folder);
  }
  if (unknown.size === 0) return history;
  const more = await upstreamCommitsTouching(bench.quarantine.options, { onto: stack.onto.oid, head: stack.head.oid }, [
    ...unknown,
  ]);
  const seen = new Set(more.map((commit) => commit.oid));
  return [...more, ...history.filter((commit) => !seen.has(commit.oid))];
}

async function explainPath(
  bench: Workbench,
  conflict: OpenConflict,
  { path, kind, alsoAs }: ConflictedPath,
  commits: readonly UpstreamCommitInfo[],
  theirs: ReadonlyMap<string, CommitDiff>,
  earlier: readonly OpenConflict[],
  ours: ReadonlyMap<string, CommitDiff>,
): Promise<PatchConflict> {
  const names = [path, ...alsoAs];
  const folders = movedFolder(path, kind);
  const met = folders.length > 0 ? commits.filter((commit) => isMove(commit.paths, path, alsoAs)) : commits;
  const touching = met.filter((commit) => [...names, ...folders].some((name) => touches(commit.paths, name)));
  const region = await regionOf(bench, conflict, path, kind);
  const inRegion = region === undefined ? touching : commitsInRegion(touching, names, region, theirs);
  const cause = causeOf(names, region, inRegion, earlier, ours);
  // When nothing of upstream met the patch here and no earlier patch did, the whole file's history is the best hint.
  const named = inRegion.length === 0 && cause === undefined ? touching : inRegion;
  const upstreamCommits: UpstreamCommit[] = named.slice(0, MAX_NAMED).map(({ oid, subject }) => ({ oid, subject }));
  return { path, kind, upstreamCommits, ...(cause === undefined ? {} : { followsFrom: cause }) };
}

async function regionOf(
  bench: Workbench,
  { picked }: OpenConflict,
  path: string,
  kind: string,
): Promise<ConflictSubject | undefined> {
  if ((kind !== "contents" && kind !== "add/add") || /[\n\0]/.test(path)) return undefined;
  const blob = await bench.reader.read(`${picked.answer?.tree ?? ""}:${path}`);
  if (blob?.type !== "blob") return undefined;
  const region = conflictSubject(conflictRegions(blob.content.toString("utf8")));
  return region.expected.size + region.found.size === 0 ? undefined : region;
}

/** The commits that took away a line the patch expects, or made one it found instead. Newest first, as given. */
function commitsInRegion(
  commits: readonly UpstreamCommitInfo[],
  names: readonly string[],
  region: ConflictSubject,
  diffs: ReadonlyMap<string, CommitDiff>,
): UpstreamCommitInfo[] {
  const stood = new Set(region.expected);
  const met: UpstreamCommitInfo[] = [];
  for (const commit of commits.toReversed()) {
    const diff = diffs.get(commit.oid);
    const lines = names.flatMap((name) => diff?.lines.get(name) ?? []);
    const tookAway = lines.some(({ removed }) => overlaps(removed, stood));
    if (!tookAway && !lines.some(({ added }) => overlaps(added, region.found))) continue;
    met.push(commit);
    // What it put there may be what a later commit took away.
    for (const { added } of tookAway ? lines : [])
      if (added.size <= MAX_FOLLOWED) for (const line of added) stood.add(line);
  }
  return met.reverse();
}

/**
 * The earlier patch but for whose absence this conflict would not be: one that made lines which
 * this patch expects, or one on the same file when upstream has nothing to do with the conflict.
 */
function causeOf(
  names: readonly string[],
  region: ConflictSubject | undefined,
  upstream: readonly UpstreamCommitInfo[],
  earlier: readonly OpenConflict[],
  diffs: ReadonlyMap<string, CommitDiff>,
): string | undefined {
  const onSameFile = earlier.toReversed().filter(({ picked, paths }) => {
    const changed = diffs.get(picked.patch.commit.oid)?.changes.map((c) => c.path) ?? [];
    return names.some(
      (name) => changed.includes(name) || paths.some((p) => p.path === name || p.alsoAs.includes(name)),
    );
  });
  const made = onSameFile.find(({ picked }) => {
    const diff = diffs.get(picked.patch.commit.oid);
    if (region === undefined) return diff?.changes.some((c) => names.includes(c.path) && c.status === "A") ?? false;
    return names.some((name) => {
      const lines = diff?.lines.get(name);
      return lines !== undefined && (overlaps(lines.added, region.expected) || overlaps(lines.removed, region.found));
    });
  });
  return (made ?? (upstream.length === 0 ? onSameFile[0] : undefined))?.picked.patch.commit.oid;
}

function propose(
  { picked, paths }: OpenConflict,
  commits: readonly UpstreamCommitInfo[],
  theirs: ReadonlyMap<string, CommitDiff>,
  ours: ReadonlyMap<string, CommitDiff>,
): UpstreamCommitInfo | undefined {
  const { commit } = picked.patch;
  let best: { commit: UpstreamCommitInfo; score: number } | undefined;
  for (const candidate of commits) {
    if (!paths.some(({ path, alsoAs }) => [path, ...alsoAs].some((name) => touches(candidate.paths, name)))) continue;
    const score = likeness(commit, ours.get(commit.oid), candidate, theirs.get(candidate.oid));
    if (score >= LIKELY && score > (best?.score ?? 0)) best = { commit: candidate, score };
  }
  return best?.commit;
}

function putFirst(list: UpstreamCommit[], { oid, subject }: UpstreamCommitInfo): void {
  const at = list.findIndex((commit) => commit.oid === oid);
  // Named where it met the patch; a conflict it did not touch is not explained by it.
  if (at > 0) list.unshift(...list.splice(at, 1));
  else if (at === -1 && list.length === 0) list.push({ oid, subject });
}

/** True when a commit that changes `paths` changes `path`, something in it, or the file that stands in its way. */
function touches(paths: ReadonlySet<string>, path: string): boolean {
  if (paths.has(path)) return true;
  for (const other of paths) if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) return true;
  return false;
}

/** The folder that a conflict is about where upstream moved one and the patch adds to it. */
function movedFolder(path: string, kind: string): string[] {
  return kind.startsWith("file location") || kind.startsWith("directory rename") ? parents(path).slice(-1) : [];
}

/** True when a commit changes both folders: the one that is gone, and the one that it went to. */
function isMove(paths: ReadonlySet<string>, path: string, alsoAs: readonly string[]): boolean {
  const folders = [path, ...alsoAs].map((name) => parents(name).at(-1) ?? "");
  return folders.every((folder) => [...paths].some((changed) => folder === "" || changed.startsWith(`${folder}/`)));
}

function parents(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
