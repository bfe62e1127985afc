/**
 * Verification of a replayed stack, and, when it fails, whose fault that is: upstream's alone, or
 * which patch's.
 *
 * @module
 */
import type { StackReport, VerifyResult } from "../../worker/contract/report.ts";
import type { StackPolicy } from "../../worker/contract/stack.ts";
import type { Environment } from "../client/settings.ts";
import { bringCaches, keepCaches } from "./cache-folders.ts";
import { checkOut } from "./checkout.ts";
import type { JobStop } from "./job-stop.ts";
import type { Mirror } from "./mirror.ts";
import { runVerifyCommand, type VerifyRun } from "./verify-command.ts";
import type { WorkTools } from "./work.ts";

export type VerifyRequest = {
  mirror: Pick<Mirror, "gitDir">;
  tools: Pick<WorkTools, "home" | "signal" | "progress" | "log" | "redact">;
  env: Environment;
  commands: readonly string[];
  timeoutSeconds: number;
  how?: StackPolicy["verification"];
  report: StackReport;
};

/** The report with verification filled in, and the stop when it failed. */
export type Verified = { report: StackReport; stop?: JobStop };

type Round = { runs: VerifyRun[]; failed?: VerifyRun; checkoutSeconds: number; verifySeconds: number };

export async function verifyStack(request: VerifyRequest): Promise<Verified> {
  const { report, commands, tools } = request;
  if (report.result === null || commands.length === 0) return { report };
  tools.progress({ stage: "verify", done: 0, total: commands.length });
  const own = await runRound(request, report.result.oid, commands);
  const filled: StackReport = {
    ...report,
    verify: own.runs.map(plain),
    timings: { ...report.timings, checkout: own.checkoutSeconds, verify: own.verifySeconds },
  };
  if (own.failed === undefined) return { report: filled };
  const { failed } = own;
  tools.log(`'${failed.command}' failed; trying upstream alone (${report.onto.ref})`);
  tools.progress({ stage: "verify upstream alone" });
  const upTo = commands.slice(0, own.runs.length);
  const alone = await runRound(request, report.onto.oid, upTo);
  const withBaseline = { ...filled, baseline: alone.runs.map(plain) };
  const seek = alone.failed === undefined && request.how?.bisect !== false;
  const first = seek ? await firstFailing(request, upTo) : undefined;
  return {
    report: first === undefined ? withBaseline : { ...withBaseline, firstFailingPatch: first },
    stop: {
      outcome: "needs_intervention",
      code: "verify_failed",
      message: describeFailure(report, failed, alone.failed, first),
    },
  };
}

async function runRound(request: VerifyRequest, oid: string, commands: readonly string[]): Promise<Round> {
  const { mirror, tools, env, timeoutSeconds, how, report } = request;
  const startedAt = performance.now();
  const checkout = await checkOut(mirror.gitDir, oid, tools.home.work, tools.signal, how?.sparse);
  const { caches } = tools.home;
  const folders = { caches, stackId: report.stackId, paths: how?.cache ?? [], log: tools.log };
  const kept = bringCaches(folders, checkout.tree);
  const checkedOutAt = performance.now();
  const round: Round = { runs: [], checkoutSeconds: seconds(checkedOutAt - startedAt), verifySeconds: 0 };
  try {
    for (const command of commands) {
      tools.log(`$ ${command}`);
      const run = await runVerifyCommand({
        command,
        checkout,
        env,
        timeoutMs: timeoutSeconds * 1000,
        signal: tools.signal,
        redact: tools.redact,
        log: tools.log,
      });
      tools.log(`exit code ${run.exitCode} after ${run.seconds} s`);
      round.runs.push(run);
      if (run.exitCode !== 0) {
        round.failed = run;
        break;
      }
    }
    // What a command was cut off in is not worth keeping; an abort does not come here.
    if (round.failed?.timedOut !== true) keepCaches(folders, checkout.tree, kept);
  } finally {
    checkout.remove();
  }
  round.verifySeconds = seconds(performance.now() - checkedOutAt);
  return round;
}

/**
 * The first patch after which the commands fail, by halving: upstream alone passes, all together
 * fail. Where a failure comes and goes along the stack, one such patch is found, not always the first.
 */
async function firstFailing(request: VerifyRequest, commands: readonly string[]): Promise<string | undefined> {
  const steps = request.report.patches.filter((patch) => patch.newOid !== undefined);
  let passes = -1;
  let fails = steps.length - 1;
  while (fails - passes > 1) {
    const middle = passes + Math.floor((fails - passes) / 2);
    const oid = steps[middle]?.newOid;
    if (oid === undefined) return undefined;
    request.tools.progress({ stage: "find the failing patch", done: middle, total: steps.length });
    const round = await runRound(request, oid, commands);
    if (round.failed === undefined) passes = middle;
    else fails = middle;
  }
  return steps[fails]?.oid;
}

function describeFailure(report: StackReport, failed: VerifyRun, alone: VerifyRun | undefined, first?: string): string {
  const how = failed.timedOut
    ? `did not end within its time (${failed.seconds} s)`
    : `ended with exit code ${failed.exitCode}`;
  const what = `\`${failed.command}\` ${how} on the stack carried onto ${report.onto.ref}`;
  if (alone !== undefined)
    return `${what}; it fails on upstream alone too (\`${alone.command}\`, exit code ${alone.exitCode}), so upstream is broken, not the patches`;
  const patch = report.patches.find(({ oid }) => oid === first);
  return patch === undefined
    ? `${what}; upstream alone passes`
    : `${what}; upstream alone passes, and it fails from patch '${patch.subject}' (${patch.oid.slice(0, 12)}) on`;
}

function plain({ command, exitCode, seconds: took, outputTail }: VerifyRun): VerifyResult {
  return { command, exitCode, seconds: took, outputTail };
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
