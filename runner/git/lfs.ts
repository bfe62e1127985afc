/**
 * Git LFS pointers whose objects are not at hand. A replay carries pointers like any other content;
 * the objects are with an LFS server, and it is the fork's that must have them.
 *
 * @module
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { CommitDiff } from "./commit-diffs.ts";
import type { PatchFate } from "./outcome.ts";
import { short } from "./stack.ts";
import type { Workbench } from "./workbench.ts";

/** Bytes; the specification says that pointers are smaller. */
const MAX_POINTER = 1024;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v\d+\n(?:[a-z0-9.-]+ [^\n]*\n)*?oid sha256:([0-9a-f]{64})\n/;
/** Files named in the warning. */
const MAX_NAMED = 10;

/** A warning that names the pointers of kept patches without an object in the repository; or none. */
export async function missingLfsObjects(
  bench: Workbench,
  fates: readonly PatchFate[],
  diffs: ReadonlyMap<string, CommitDiff>,
): Promise<string[]> {
  const attributes = [...bench.attributes.values()];
  if (!attributes.some((content) => content.includes("filter=lfs"))) return [];
  const missing: string[] = [];
  for (const { outcome, picked } of fates) {
    if (outcome !== "carried" && outcome !== "adapted" && outcome !== "conflicted") continue;
    const { oid: patch } = picked.patch.commit;
    for (const { status, newOid, path } of diffs.get(patch)?.changes ?? []) {
      if (status === "D") continue;
      const object = await pointedAt(bench, newOid);
      if (object === undefined || (await isAtHand(bench, object))) continue;
      missing.push(`${path} (patch ${short(patch)}, object ${short(object)})`);
    }
  }
  if (missing.length === 0) return [];
  const more = missing.length > MAX_NAMED ? `, and ${missing.length - MAX_NAMED} more` : "";
  return [
    `Git LFS objects of ${missing.length === 1 ? "one file" : `${missing.length} files`} are not in this repository: ${missing.slice(0, MAX_NAMED).join(", ")}${more}. The pointers are carried as they are: see that the fork's LFS server has the objects.`,
  ];
}

async function pointedAt(bench: Workbench, oid: string): Promise<string | undefined> {
  const info = await bench.reader.info(oid);
  if (info?.type !== "blob" || info.size > MAX_POINTER) return undefined;
  const blob = await bench.reader.read(oid);
  return POINTER.exec(blob?.content.toString("latin1") ?? "")?.[1];
}

async function isAtHand(bench: Workbench, object: string): Promise<boolean> {
  const { gitDir } = bench.quarantine.repository;
  const path = join(gitDir, "lfs", "objects", object.slice(0, 2), object.slice(2, 4), object);
  return access(path).then(
    () => true,
    () => false,
  );
}
