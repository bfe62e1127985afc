import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keepCommitGraph } from "./commit-graph.ts";
import { gitProcessesStarted } from "./process.ts";
import { forkOfTwentyLines } from "./testing/test-repository.ts";

test("a commit-graph is written, and again when it is old", async () => {
  using r = forkOfTwentyLines();
  const chain = join(r.gitDir, "objects/info/commit-graphs/commit-graph-chain");
  await keepCommitGraph(r.gitDir);
  expect(existsSync(chain)).toBe(true);
  expect(r.attempt("commit-graph", "verify").ok).toBe(true);
  const processes = gitProcessesStarted();
  await keepCommitGraph(r.gitDir);
  expect(gitProcessesStarted()).toBe(processes);
  utimesSync(chain, 0, 0);
  await keepCommitGraph(r.gitDir);
  expect(gitProcessesStarted()).toBe(processes + 1);
});

test("where none can be written nothing fails", async () => {
  using r = forkOfTwentyLines();
  r.write(".git/objects/info/commit-graphs", "in the way");
  await expect(keepCommitGraph(r.gitDir)).resolves.toBeUndefined();
});
