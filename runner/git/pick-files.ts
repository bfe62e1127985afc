/**
 * Replays a patch file by file, where that is the same as a merge of whole trees.
 *
 * @module
 */
import type { FileChange } from "./commit-diffs.ts";
import type { FileSet } from "./file-set.ts";
import type { Place } from "./tree-editor.ts";
import type { Workbench } from "./workbench.ts";

export interface PickedFiles {
  tree: string;
  /** Commits of only the patch's files, before and after: absent when each file was as the patch expects it. */
  miniature?: { before: string; after: string };
}

type File = { mode: string; oid: string };

/** The tree with the patch in it; undefined when git must look at whole trees, be it to say what conflicts. */
export async function pickFiles(
  bench: Workbench,
  tree: string,
  patch: string,
  changes: readonly FileChange[],
): Promise<PickedFiles | undefined> {
  const places = await bench.editor.find(tree, changes);
  if (places === undefined) return undefined;
  if (places.every(isAsExpected))
    return { tree: await bench.editor.edit(tree, new Map(places.map((p) => [p.path, sideOf(p.change, "new")]))) };
  // A file that is added twice, or deleted here and changed there, is a conflict with a name of its own.
  if (!places.every(({ change, there }) => change.status === "M" && change.oldMode === there?.mode)) return undefined;
  if (places.some(({ change }) => change.newMode !== change.oldMode || /[\n\0]/.test(change.path))) return undefined;

  const merged = await bench.merger().mergeFiles(
    {
      base: fileSet(places, ({ change }) => sideOf(change, "old")),
      ours: fileSet(places, ({ there }) => there),
      theirs: fileSet(places, ({ change }) => sideOf(change, "new")),
    },
    patch,
  );
  if (!merged.clean) return undefined;
  const files = new Map<string, File>();
  for (const { path, change, there } of places) {
    const blob = await bench.reader.info(`${merged.tree}:${change.path}`);
    if (blob === undefined) return undefined;
    files.set(path, { mode: change.newMode, oid: blob.oid });
    // Made by git in the quarantine: kept with what we make.
    if (![change.oldOid, change.newOid, there?.oid].includes(blob.oid)) await bench.adoptBlob(blob.oid);
  }
  const { before, after } = merged;
  return { tree: await bench.editor.edit(tree, files), miniature: { before, after } };
}

function isAsExpected({ change, there }: Place): boolean {
  return change.status === "A" ? there === undefined : there?.oid === change.oldOid && there.mode === change.oldMode;
}

function sideOf(change: FileChange, side: "old" | "new"): File | undefined {
  if (side === "old") return change.status === "A" ? undefined : { mode: change.oldMode, oid: change.oldOid };
  return change.status === "D" ? undefined : { mode: change.newMode, oid: change.newOid };
}

function fileSet(places: readonly Place[], side: (place: Place) => File | undefined): FileSet {
  const files = new Map<string, File>();
  for (const place of places) {
    const file = side(place);
    if (file !== undefined) files.set(place.path, file);
  }
  return files;
}
