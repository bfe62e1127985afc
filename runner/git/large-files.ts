/**
 * Text files of many megabytes: each look at their lines takes git seconds. What a replay must know of
 * them it looks at; what only people read leaves their lines out, and says so.
 *
 * @module
 */
import type { CommitDiff } from "./commit-diffs.ts";
import type { PatchFate } from "./outcome.ts";
import type { Workbench } from "./workbench.ts";

/** Megabytes. */
const LARGE = 16;
const NAMED = 3;

/** For git processes that only tell: a larger file is one thing there, as a binary one is. */
export const WITHOUT_LARGE_FILES: Readonly<Record<string, string>> = { "core.bigFileThreshold": `${LARGE}m` };

/** The warning that names large files of adapted patches; none when there are none. */
export async function largeFileWarnings(
  bench: Workbench,
  fates: readonly PatchFate[],
  diffs: ReadonlyMap<string, CommitDiff>,
): Promise<string[]> {
  const adapted = fates.filter(({ outcome }) => outcome === "adapted");
  const changes = adapted.flatMap(({ picked }) => diffs.get(picked.patch.commit.oid)?.changes ?? []);
  const files = changes.filter(({ status, newMode }) => status !== "D" && newMode.startsWith("100"));
  const sizes = await Promise.all(files.map(({ newOid }) => bench.reader.info(newOid)));
  const isLarge = (_: unknown, index: number) => (sizes[index]?.size ?? 0) >= LARGE * 1024 * 1024;
  const paths = [...new Set(files.filter(isLarge).map(({ path }) => path))];
  if (paths.length === 0) return [];
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return [
    `${paths.slice(0, NAMED).join(", ")}${more}: larger than ${LARGE} MB, which takes git as long here as in a rebase; the range-diff leaves such files out.`,
  ];
}
