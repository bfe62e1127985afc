/**
 * Folders of a verification's checkout that a policy wants kept for the next one: dependencies, build
 * output. Moved in before the commands run and out after them, so that nobody else has them meanwhile.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { sizeOf } from "./mirror-limit.ts";
import { removeFolder } from "./work-folder.ts";

export type CacheFolders = {
  /** Where all caches of this runner are. */
  caches: string;
  stackId: string;
  /** Relative to the checkout, as the policy has them. */
  paths: readonly string[];
  log: (text: string) => void;
};

/** Moves what is kept into the checkout. What the commit itself has at such a path stays, and is not kept. */
export function bringCaches({ caches, stackId, paths, log }: CacheFolders, tree: string): string[] {
  const kept: string[] = [];
  for (const path of paths) {
    const place = join(tree, path);
    if (!isInside(tree, path) || isThere(place)) {
      log(`'${path}' is in the commit, or behind a link in it: not used as a cache`);
      continue;
    }
    kept.push(path);
    const stored = storedAt(caches, stackId, path);
    if (!isFolder(stored)) continue;
    mkdirSync(dirname(place), { recursive: true });
    renameSync(stored, place);
  }
  return kept;
}

/** Moves the folders that {@link bringCaches} named out again. */
export function keepCaches({ caches, stackId }: CacheFolders, tree: string, kept: readonly string[]): void {
  for (const path of kept) {
    const place = join(tree, path);
    // The commands may have put a link there, or on the way: what is behind it is not ours to move.
    if (!isInside(tree, path) || !isFolder(place)) continue;
    const stored = storedAt(caches, stackId, path);
    mkdirSync(dirname(stored), { recursive: true, mode: 0o700 });
    removeFolder(stored);
    renameSync(place, stored);
    const now = new Date();
    utimesSync(stored, now, now);
  }
}

/** Removes caches until the rest is within `limit` bytes, those that were not used for longest first. */
export function pruneCaches(caches: string, limit: number): number {
  const found = readdirSync(caches).map((name) => {
    const folder = join(caches, name);
    return { folder, usedAt: statSync(folder).mtimeMs, bytes: sizeOf(folder) };
  });
  let total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  let removed = 0;
  for (const { folder, bytes } of found.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (total <= limit) break;
    removeFolder(folder);
    total -= bytes;
    removed += 1;
  }
  return removed;
}

function storedAt(caches: string, stackId: string, path: string): string {
  return join(
    caches,
    createHash("sha256")
      .update(JSON.stringify([stackId, path]))
      .digest("hex")
      .slice(0, 32),
  );
}

/** True when nothing but real folders of the tree leads to the path. */
function isInside(tree: string, path: string): boolean {
  const parents = path.split("/").slice(0, -1);
  return parents.every((_, index) => {
    const parent = join(tree, ...parents.slice(0, index + 1));
    return !isThere(parent) || isFolder(parent);
  });
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
