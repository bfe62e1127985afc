/**
 * Temporary folders of a runner, below its data folder and named by their owner, so that what a
 * killed runner could not remove itself is found and removed by the next.
 *
 * @module
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lookAtProcess } from "./process-life.ts";

/** Makes a folder of its own for `purpose` (lower-case letters) below `under`. */
export function makeWorkFolder(under: string, purpose: string): string {
  const { startedAt } = lookAtProcess(process.pid);
  return mkdtempSync(join(under, `${purpose}-${process.pid}.${startedAt ?? "0"}-`));
}

/** Removes the folders whose process is gone; answers how many. */
export function sweepWorkFolders(under: string): number {
  let removed = 0;
  for (const name of readdirSync(under)) {
    const [, pid, startedAt] = /^[a-z]+-(\d+)\.(\d+)-/.exec(name) ?? [];
    if (pid === undefined || ownerLives(Number(pid), startedAt ?? "0")) continue;
    removeFolder(join(under, name));
    removed += 1;
  }
  return removed;
}

/** True for the process that `startedAt` (of {@link lookAtProcess}; "0" when unknown) was told of. */
export function ownerLives(pid: number, startedAt: string): boolean {
  const now = lookAtProcess(pid);
  // A number that was given to another process since says nothing about the owner.
  return now.alive && (startedAt === "0" || now.startedAt === undefined || now.startedAt === startedAt);
}

export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Some build tools write-protect their caches (Go modules), which keeps rm from emptying them.
    makeWritable(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
}
