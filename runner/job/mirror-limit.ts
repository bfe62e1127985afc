/**
 * How much disk the mirrors may take: over it, those that were not used for longest go.
 *
 * @module
 */
import { lstatSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { usageFailure } from "../client/command-failure.ts";
import type { Environment } from "../client/settings.ts";
import type { DataHome } from "./data-home.ts";
import { tryLock } from "./mirror-lock.ts";
import { removeFolder } from "./work-folder.ts";

const DEFAULT_LIMIT = 10 * 1024 ** 3;

const UNITS: Readonly<Record<string, number | undefined>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
};

/** What is moved out of the way first, so that a half-removed mirror is never opened. */
const GOING = ".removed";

/** Bytes, from `PATCH_MOI_MIRROR_LIMIT` (`10GiB`, `500MB`, `0` for none but the one in use). */
export function mirrorLimit(env: Environment): number {
  const text = (env.PATCH_MOI_MIRROR_LIMIT ?? "").trim();
  if (text === "") return DEFAULT_LIMIT;
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? "?"];
  if (number === undefined || factor === undefined)
    throw usageFailure(`PATCH_MOI_MIRROR_LIMIT '${text}' is not a size; give one like 10GiB or 500MB`);
  return Number(number) * factor;
}

/** Notes that a mirror is used now. */
export function touchMirror(gitDir: string): void {
  writeFileSync(usedFile(gitDir), "");
  const now = new Date();
  utimesSync(usedFile(gitDir), now, now);
}

/** Removes mirrors until the rest is within `limit`; never one that is in use. Answers what went. */
export async function pruneMirrors(home: DataHome, limit: number): Promise<string[]> {
  const names = readdirSync(home.mirrors);
  for (const name of names.filter((one) => one.endsWith(GOING))) removeFolder(join(home.mirrors, name));
  const mirrors = names
    .filter((name) => name.endsWith(".git"))
    .map((name) => join(home.mirrors, name))
    .map((gitDir) => ({ gitDir, usedAt: lastUsed(gitDir), bytes: sizeOf(gitDir) }))
    .sort((a, b) => a.usedAt - b.usedAt);
  let total = mirrors.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed: string[] = [];
  for (const { gitDir, bytes } of mirrors) {
    if (total <= limit) break;
    const release = await tryLock(`${gitDir}.lock`);
    if (release === undefined) continue;
    try {
      renameSync(gitDir, gitDir + GOING);
      removeFolder(gitDir + GOING);
    } finally {
      release();
    }
    total -= bytes;
    removed.push(gitDir);
  }
  return removed;
}

function lastUsed(gitDir: string): number {
  return statSync(usedFile(gitDir), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function usedFile(gitDir: string): string {
  return join(gitDir, "patch-moi-used");
}

/** Bytes of all files below. */
export function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    bytes += lstatSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
