/**
 * Replays a patch file by file, where that is the same as a merge of whole trees.
 *
 * @module
 */
import type { FileChange } from "./commit-diffs.ts";
import { MAX_MERGED, mergeApart } from "./file-merge.ts";
import type { FileSet } from "./file-set.ts";
import type { Place } from "./tree-editor.ts";
import type { Workbench } from "./workbench.ts";

export interface PickedFiles {
  tree: string;
  /** Commits of only the patch's files, before and after: absent when the change is certainly the same. */
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

  const sides: Record<"base" | "ours" | "theirs", FileSet> = {
    base: fileSet(places, ({ change }) => sideOf(change, "old")),
    ours: fileSet(places, ({ there }) => there),
    theirs: fileSet(places, ({ change }) => sideOf(change, "new")),
  };
  const apart = await mergeAllApart(bench, places);
  if (apart !== undefined) {
    const after = await bench.editor.edit(tree, apart.files);
    if (apart.isSameChange) return { tree: after };
    return { tree: after, miniature: bench.merger().miniature(sides.ours, apart.files, patch) };
  }
  for (const { there } of places) if (there !== undefined) bench.writer.show(there.oid);
  const merged = await bench.merger().mergeFiles(sides, patch);
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

/** All files merged in here; undefined when one of them is git's to merge. */
async function mergeAllApart(
  bench: Workbench,
  places: readonly Place[],
): Promise<{ files: Map<string, File>; isSameChange: boolean } | undefined> {
  // Attributes can say that a file is merged in another way, or not at all.
  if (bench.attributes.size > 0) return undefined;
  const files = new Map<string, File>();
  let isSameChange = true;
  const made: Buffer[] = [];
  for (const place of places) {
    const { path, change } = place;
    if (isAsExpected(place)) {
      files.set(path, { mode: change.newMode, oid: change.newOid });
      continue;
    }
    const [base, ours, theirs] = await Promise.all(
      [change.oldOid, place.there?.oid, change.newOid].map((oid) => contentOf(bench, oid)),
    );
    if (base === undefined || ours === undefined || theirs === undefined) return undefined;
    const merged = mergeApart(base, ours, theirs);
    if (merged === undefined) return undefined;
    files.set(path, { mode: change.newMode, oid: bench.writer.oidOf("blob", merged.content) });
    made.push(merged.content);
    isSameChange &&= merged.isSameChange;
  }
  for (const content of made) bench.writer.write("blob", content);
  return { files, isSameChange };
}

async function contentOf(bench: Workbench, oid: string | undefined): Promise<Buffer | undefined> {
  if (oid === undefined) return undefined;
  const held = bench.writer.held(oid);
  if (held === undefined && ((await bench.reader.info(oid))?.size ?? 0) > MAX_MERGED) return undefined;
  const object = held ?? (await bench.reader.read(oid));
  return object?.type === "blob" ? Buffer.from(object.content) : undefined;
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
