/**
 * Whether a mirror is partial: it began with upstream's history and folders alone, and contents are
 * fetched when they are needed.
 *
 * The fork is fetched with all it has beyond upstream, and so is upstream from the second time on: what a
 * partial mirror lacks, upstream has. The mirror's configuration says that something may be missing, and
 * never where it is: no process fetches by itself that was not given the addresses, and a checkout for
 * verification is a repository of its own that knows no remote at all.
 *
 * @module
 */
import { appendFile, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { usageFailure } from "../client/command-failure.ts";
import type { Environment } from "../client/settings.ts";

/** How a partial mirror calls its remotes. */
export type RemoteName = "upstream" | "fork";

/** Both may have given a pack that relies on contents which are not here. */
const PARTIAL_CONFIG = (["upstream", "fork"] as const)
  .map((name) => `[remote "${name}"]\n\tpromisor = true\n\tpartialclonefilter = blob:none\n`)
  .join("");

/**
 * Commits and folders of a history that is small: asking again and again for some of its contents takes
 * longer than to have them all.
 */
const SMALL_HISTORY = 20_000;

const CHOICES = ["auto", "always", "off"] as const;

/** `PATCH_MOI_PARTIAL_CLONE`: `auto` (when not set) takes all contents of small repositories, `always` of none, `off` of all. */
export function partialChoice(env: Environment): (typeof CHOICES)[number] {
  const text = (env.PATCH_MOI_PARTIAL_CLONE ?? "").trim().toLowerCase();
  const choice = text === "" ? "auto" : CHOICES.find((one) => one === text);
  if (choice === undefined) throw usageFailure(`PATCH_MOI_PARTIAL_CLONE '${text}' is none of ${CHOICES.join(", ")}`);
  return choice;
}

/** True when what a mirror began with is little. */
export async function hasSmallHistory(gitDir: string): Promise<boolean> {
  const packs = join(gitDir, "objects", "pack");
  const indexes = (await readdir(packs)).filter((name) => name.endsWith(".idx"));
  const counts = await Promise.all(indexes.map((name) => objectsIn(join(packs, name))));
  return counts.reduce((sum, count) => sum + count, 0) <= SMALL_HISTORY;
}

/** Objects of a pack: the last entry of its index's fan-out table, see gitformat-pack(5). */
async function objectsIn(index: string): Promise<number> {
  const file = await open(index);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 8 + 255 * 4);
    return bytesRead === 4 ? buffer.readUInt32BE(0) : 0;
  } finally {
    await file.close();
  }
}

export async function isPartial(gitDir: string): Promise<boolean> {
  // Without a configuration the mirror is damaged, which git will say.
  const config = await readFile(join(gitDir, "config"), "utf8").catch(() => "");
  return /^\s*promisor = true$/m.test(config);
}

/** Of an empty mirror: what is fetched first may lack contents. */
export async function makePartial(gitDir: string): Promise<void> {
  await appendFile(join(gitDir, "config"), PARTIAL_CONFIG);
}

/** Of a mirror that turned out to have everything. */
export async function makeWhole(gitDir: string): Promise<void> {
  const packs = join(gitDir, "objects", "pack");
  for (const name of await readdir(packs)) if (name.endsWith(".promisor")) await rm(join(packs, name));
  const config = join(gitDir, "config");
  await writeFile(config, (await readFile(config, "utf8")).replace(PARTIAL_CONFIG, ""));
}
