/**
 * A throw-away work tree of one commit, for verification.
 *
 * It is a repository of its own that borrows the mirror's objects: what a verify command does to
 * its `.git` (hooks, configuration, refs) never reaches the mirror, in which git runs with the
 * runner's credential.
 *
 * @module
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGit } from "../git/process.ts";
import { lookAtProcess } from "./process-life.ts";

export type Checkout = {
  /** The files. */
  tree: string;
  /** An empty home folder for the commands. */
  home: string;
  temp: string;
  remove: () => void;
};

export async function checkOut(gitDir: string, oid: string, under: string, signal: AbortSignal): Promise<Checkout> {
  removeLeftOver(under);
  const folder = mkdtempSync(join(under, `verify-${process.pid}-`));
  const checkout = {
    tree: join(folder, "tree"),
    home: join(folder, "home"),
    temp: join(folder, "tmp"),
    remove: () => removeFolder(folder),
  };
  try {
    for (const made of [checkout.tree, checkout.home, checkout.temp]) mkdirSync(made);
    await runGit(["init", "--quiet", "--end-of-options", checkout.tree], { cwd: folder, signal });
    const own = join(checkout.tree, ".git");
    writeFileSync(join(own, "objects", "info", "alternates"), `${join(gitDir, "objects")}\n`);
    await runGit(["checkout", "--quiet", "--detach", oid], { gitDir: own, cwd: checkout.tree, signal });
    return checkout;
  } catch (error) {
    checkout.remove();
    throw error;
  }
}

/** What a killed runner could not remove itself. */
function removeLeftOver(under: string): void {
  for (const name of readdirSync(under)) {
    const pid = Number(/^verify-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && pid !== process.pid && !lookAtProcess(pid).alive) removeFolder(join(under, name));
  }
}

function removeFolder(folder: string): void {
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
