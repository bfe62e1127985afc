/**
 * One attempt as three jobs of a forge's CI, so that upstream's code never runs where a credential is.
 *
 * `replay` claims, replays, and hands over; `verify` runs the commands and talks to nobody; `push`
 * claims again (same nonce, same answer), replays again and pushes what it made itself, if that is
 * what was verified.
 *
 * @module
 */
import type { JobEnvelope } from "../../worker/contract/runner-wire.ts";
import type { Environment } from "../client/settings.ts";
import { JobAborted } from "./abort.ts";
import type { DataHome } from "./data-home.ts";
import {
  copyObjects,
  type Findings,
  objectsOf,
  type Plan,
  readFindings,
  writeFindings,
  writePlan,
} from "./handover.ts";
import { type JobStop, stopped } from "./job-stop.ts";
import { performJob } from "./perform-job.ts";
import { type Verified, type VerifyRequest, verifyStack } from "./verify-stack.ts";
import type { Work, WorkTools } from "./work.ts";

/** What a forge says of the verifying job as a whole. */
export type JobResult = "success" | "failure" | "cancelled" | "skipped";

/** Replays; what is left to verify or push goes into the folder, and everything else is reported. */
export function replayWork(folder: string): Work {
  return async (envelope, tools) => {
    const { attemptId, epoch } = envelope;
    const plan = { v: 1 as const, attemptId, epoch, timeoutSeconds: envelope.stack.policy.deadlines.verifySeconds };
    if (envelope.operation === "land") {
      writePlan(folder, { ...plan, commands: [] });
      throw new JobAborted("handed_over", "the landing is the pushing job's");
    }
    const verify = async ({ mirror, commands, report }: VerifyRequest): Promise<Verified> => {
      if (commands.length > 0) await copyObjects(mirror.gitDir, folder, report, tools.signal);
      writePlan(folder, { ...plan, commands: [...commands], report });
      throw new JobAborted("handed_over", commands.length > 0 ? "to the verifying job" : "to the pushing job");
    };
    return performJob(withoutResolver(envelope, tools), { ...tools, verify });
  };
}

/** Pushes what this job replays itself, if the verifying job has found the same commit good. */
export function pushWork(folder: string, verified: JobResult): Work {
  return async (envelope, tools) => {
    const verify = ({ report, commands }: VerifyRequest): Promise<Verified> =>
      Promise.resolve(commands.length === 0 ? { report } : judge(report, commands, readFindings(folder), verified));
    return performJob(withoutResolver(envelope, tools), { ...tools, verify });
  };
}

/** Runs a plan's commands; nothing leaves but the findings. True when all of them passed. */
export async function verifyPlan(
  folder: string,
  plan: Plan & { report: NonNullable<Plan["report"]> },
  bench: { home: DataHome; env: Environment; signal: AbortSignal; say: (line: string) => void },
): Promise<boolean> {
  const { home, env, signal, say } = bench;
  const tools = { home, signal, progress: () => {}, log: say, redact: (text: string) => text };
  const { commands, timeoutSeconds, report } = plan;
  const mirror = { gitDir: objectsOf(folder) };
  const { report: done, stop } = await verifyStack({ mirror, tools, env, commands, timeoutSeconds, report });
  if (report.result === null) throw new Error("a plan to verify has a result");
  writeFindings(folder, {
    v: 1,
    resultOid: report.result.oid,
    verify: done.verify,
    ...(done.baseline === undefined ? {} : { baseline: done.baseline }),
    ...(done.firstFailingPatch === undefined ? {} : { firstFailingPatch: done.firstFailingPatch }),
    ...(stop === undefined ? {} : { failure: { code: stop.code, message: stop.message.slice(0, 4000) } }),
  });
  return stop === undefined;
}

/**
 * What the findings mean. They come from where upstream's code ran: they can make an attempt fail, and
 * pass only the very commit that this job made, together with the forge's own word that the job passed.
 */
function judge(
  report: VerifyRequest["report"],
  commands: readonly string[],
  findings: Findings | undefined,
  verified: JobResult,
): Verified {
  if (findings === undefined || verified === "cancelled" || verified === "skipped")
    return { report, ...again("verify_not_done", `the verifying job ended '${verified}' and left no findings`) };
  if (findings.resultOid !== report.result?.oid)
    return {
      report,
      ...again("moved_during_verify", "upstream or the branch moved while the stack was verified; it is done again"),
    };
  const { verify, baseline, firstFailingPatch, failure } = findings;
  const filled = {
    ...report,
    verify,
    ...(baseline === undefined ? {} : { baseline }),
    ...(firstFailingPatch === undefined ? {} : { firstFailingPatch }),
  };
  if (failure !== undefined)
    return { report: filled, stop: { outcome: "needs_intervention", code: "verify_failed", message: failure.message } };
  const ran = verify.length === commands.length && verify.every(({ exitCode }) => exitCode === 0);
  if (verified === "success" && ran && commands.every((command, i) => verify[i]?.command === command))
    return { report: filled };
  return { report: filled, ...again("verify_not_done", "the verifying job's findings do not fit its end") };
}

function again(code: string, message: string): { stop: JobStop } {
  return { stop: { ...stopped("failed", code, message).stop, infrastructure: true } };
}

/** A resolver is a command too, and would run where the credentials are. */
function withoutResolver(envelope: JobEnvelope, tools: WorkTools): JobEnvelope {
  const { resolver, ...policy } = envelope.stack.policy;
  if (resolver === undefined) return envelope;
  tools.log("policy.resolver is not run in a forge's CI: conflicts wait for a person");
  return { ...envelope, stack: { ...envelope.stack, policy } };
}
