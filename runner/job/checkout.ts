/**
 * A throw-away work tree of one commit, for verification.
 *
 * It is a repository of its own that borrows the mirror's objects: what a verify command does to
 * its `.git` (hooks, configuration, refs) never reaches the mirror, in which git runs with the
 * runner's credential.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGit } from "../git/process.ts";
import { makeWorkFolder, removeFolder } from "./work-folder.ts";

export type Checkout = {
  /** The files. */
  tree: string;
  /** An empty home folder for the commands. */
  home: string;
  temp: string;
  remove: () => void;
};

/**
 * Whether a checkout of these folders writes a file: git's cone has what is in them, and the files beside
 * the way to them.
 */
export function isCheckedOut(path: string, sparse: readonly string[]): boolean {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return folder === "" || sparse.some((one) => folder.startsWith(`${one}/`) || `${one}/`.startsWith(folder));
}

/** `sparse`: folders it has beside the files at its top; none means all. */
export async function checkOut(
  gitDir: string,
  oid: string,
  under: string,
  signal: AbortSignal,
  sparse: readonly string[] = [],
): Promise<Checkout> {
  const folder = makeWorkFolder(under, "verify");
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
    if (sparse.length > 0)
      await runGit(["sparse-checkout", "set", "--cone", "--stdin"], {
        gitDir: own,
        cwd: checkout.tree,
        signal,
        input: `${sparse.join("\n")}\n`,
      });
    await runGit(["checkout", "--quiet", "--detach", oid], { gitDir: own, cwd: checkout.tree, signal });
    return checkout;
  } catch (error) {
    checkout.remove();
    throw error;
  }
}
