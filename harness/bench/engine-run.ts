/**
 * One replay in a process of its own, so that its memory can be measured: prints one JSON line.
 *
 * Called as `node engine-run.ts <git dir> <branch> <onto> [<url to fetch from first>]`.
 *
 * @module
 */
import { gitProcessesStarted, gitText, runGit } from "../../runner/git/process.ts";
import { replayStack } from "../../runner/git/replay.ts";
import { installedGit } from "../../runner/git/version.ts";

export interface EngineRun {
  milliseconds: number;
  gitProcesses: number;
  /** Peak resident memory of our process, bytes. */
  peakMemory: number;
  tree: string;
}

const [gitDir = "", branch = "", onto = "", url] = process.argv.slice(2);
// A runner asks for the version when it starts, and lives on.
await installedGit();
const processesBefore = gitProcessesStarted();
const startedAt = performance.now();
if (url !== undefined)
  await runGit(["fetch", "--quiet", "--end-of-options", url, "+refs/heads/*:refs/heads/*"], {
    gitDir,
    protocols: ["file"],
  });
const oids = await gitText(["rev-parse", "--end-of-options", `${branch}^{commit}`, `${onto}^{commit}`], { gitDir });
const [headOid = "", ontoOid = ""] = oids.split("\n").slice(-2);
const answer = await replayStack({ gitDir, stackId: "bench", branch, headOid, onto: { ref: onto, oid: ontoOid } });
const milliseconds = performance.now() - startedAt;
if (!answer.ok) throw new Error(answer.reason.message);
const run: EngineRun = {
  milliseconds,
  gitProcesses: gitProcessesStarted() - processesBefore,
  peakMemory: process.resourceUsage().maxRSS * 1024,
  tree: answer.report.result?.tree ?? "",
};
process.stdout.write(`${JSON.stringify(run)}\n`);
