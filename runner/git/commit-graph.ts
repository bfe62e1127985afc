/**
 * A commit-graph for repositories that live on: walks over tens of thousands of commits read it
 * instead of as many objects. Changed-path filters are left out: git asks them about one path only,
 * and a stack has many.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { GitError } from "./git-error.ts";
import { runGit } from "./process.ts";

/** What came since is read without it, which is fast for the commits of a day. */
const MAX_AGE_MS = 86_400_000;

/** Writes one when there is none or it is a day old; most calls look at a file and start no process. */
export async function keepCommitGraph(gitDir: string, signal?: AbortSignal): Promise<void> {
  const chain = join(gitDir, "objects", "info", "commit-graphs", "commit-graph-chain");
  const written = await stat(chain).catch(() => undefined);
  if (written !== undefined && Date.now() - written.mtimeMs < MAX_AGE_MS) return;
  try {
    await runGit(["commit-graph", "write", "--reachable", "--split", "--no-progress"], { gitDir, signal });
  } catch (error) {
    // Without it everything is slower, and still right.
    if (!(error instanceof GitError) || error.code === "aborted") throw error;
  }
}
