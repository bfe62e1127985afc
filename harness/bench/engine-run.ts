/**
 * One replay in a process of its own, so that its memory can be measured: prints one JSON line.
 *
 * Called as `node engine-run.ts <git dir> <head oid> <onto oid> [<url to fetch from first>]`: a job
 * knows both commits, from the event and from what the remote says of its branch.
 *
 * @module
 */
import { keepCommitGraph } from "../../runner/git/commit-graph.ts";
import { gitProcessesStarted, runGit } from "../../runner/git/process.ts";
import { replayStack } from "../../runner/git/replay.ts";
import { installedGit } from "../../runner/git/version.ts";

export interface EngineRun {
  milliseconds: number;
  gitProcesses: number;
  /** Peak resident memory of our process, bytes. */
  peakMemory: number;
  tree: string;
}

const [gitDir = "", headOid = "", ontoOid = "", url] = process.argv.slice(2);
// A runner asks for the version when it starts, and lives on.
await installedGit();
const processesBefore = gitProcessesStarted();
const startedAt = performance.now();
if (url !== undefined) {
  await runGit(["fetch", "--quiet", "--end-of-options", url, "+refs/heads/*:refs/heads/*"], {
    gitDir,
    protocols: ["file"],
  });
  await keepCommitGraph(gitDir);
}
const onto = { ref: "refs/heads/main", oid: ontoOid };
const answer = await replayStack({ gitDir, stackId: "bench", branch: "fork", headOid, onto });
const milliseconds = performance.now() - startedAt;
if (!answer.ok) throw new Error(answer.reason.message);
const run: EngineRun = {
  milliseconds,
  gitProcesses: gitProcessesStarted() - processesBefore,
  peakMemory: process.resourceUsage().maxRSS * 1024,
  tree: answer.report.result?.tree ?? "",
};
process.stdout.write(`${JSON.stringify(run)}\n`);
