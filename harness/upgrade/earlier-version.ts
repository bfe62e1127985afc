/**
 * An earlier version of the project, as its history holds it.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "../local-edge/wrangler.ts";

const execute = promisify(execFile);

/**
 * The commit to upgrade from: the newest release before this state, and without one the state before the newest
 * migration, whose database is not yet today's. Undefined where the history is not there, as in a shallow clone.
 *
 * @param wanted any name that git knows, instead
 */
export async function earlierVersion(wanted?: string): Promise<string | undefined> {
  if (wanted !== undefined && wanted !== "")
    return git("rev-parse", "--verify", "--end-of-options", `${wanted}^{commit}`);
  const releases = await git("tag", "--list", "v*", "--no-contains", "HEAD", "--merged", "HEAD", "--sort=-v:refname");
  const release = releases.split("\n")[0];
  if (release !== undefined && release !== "") return git("rev-parse", "--verify", `${release}^{commit}`);
  const newest = await git("log", "-1", "--diff-filter=A", "--format=%H", "--", "migrations/*.sql");
  return git("rev-parse", "--verify", "--quiet", `${newest}^`).catch(() => undefined);
}

/** Writes the sources of a commit into `folder`. They run with today's packages. */
export async function layOut(commit: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, "sources.tar");
  await git("archive", "--format=tar", `--output=${archive}`, commit);
  await execute("tar", ["-xf", archive, "-C", folder]);
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"), "dir");
}

async function git(...args: string[]): Promise<string> {
  return (await execute("git", args, { cwd: PROJECT })).stdout.trim();
}
