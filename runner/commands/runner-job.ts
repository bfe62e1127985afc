/**
 * `patch.moi runner job`: one phase of an attempt, as a job of a forge's CI.
 *
 * @module
 */
import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { type Environment, requireServer } from "../client/settings.ts";
import { VERSION } from "../client/version.ts";
import { claimNamed } from "../job/claim.ts";
import { systemClock } from "../job/clock.ts";
import { commitIdentity } from "../job/commit-identity.ts";
import { openDataHome } from "../job/data-home.ts";
import { type Plan, readPlan } from "../job/handover.ts";
import { idToken } from "../job/id-token.ts";
import { type JobResult, pushWork, replayWork, verifyPlan } from "../job/phases.ts";
import { runJob } from "../job/run-job.ts";
import { describeDelivery } from "../job/runner-loop.ts";
import { examples } from "./list.ts";
import { type StopSignals, stopOnSignals } from "./stop-signals.ts";

type JobOptions = {
  phase: Phase;
  attempt?: string;
  epoch?: number;
  handover: string;
  verified: JobResult;
  logFrom?: number;
};
type Phase = "replay" | "verify" | "push";
/** What is left to do after a phase. */
type Next = "verify" | "push" | "end";
/** `log`: how long the attempt's log is by now. */
type PhaseEnd = { next: Next; log?: number };

export function registerRunnerJob(runner: Command): void {
  runner
    .command("job")
    .description("do one phase of an attempt as a job of a forge's CI, with its ID token")
    .addOption(new Option("--phase <phase>", "which").choices(["replay", "verify", "push"]).makeOptionMandatory())
    .option("--attempt <id>", "the attempt that the run was started for (replay, push)")
    .option("--epoch <n>", "its hand-out (replay, push)", parseEpoch)
    .option("--handover <folder>", "what goes from one job to the next", "handover")
    .addOption(
      new Option("--verified <result>", "how the verifying job ended, by the forge's word (push)")
        .choices(["success", "failure", "cancelled", "skipped"])
        .default("skipped"),
    )
    .option("--log-from <bytes>", "how long the replaying job made the log (push)", parseBytes)
    .addHelpText(
      "after",
      examples([
        "runner job --phase replay --attempt web.12 --epoch 1",
        "runner job --phase verify --handover handover",
      ]),
    )
    .action(async (given: JobOptions, self: Command) => {
      const session = Session.of(self);
      const signals = stopOnSignals((line) => session.say(line), "stopping after this", "handing the job back");
      try {
        const end =
          given.phase === "verify" ? await verify(session, given, signals) : await work(session, given, signals);
        tellForge(process.env, end);
        session.answer({ phase: given.phase, ...end }, () => `next: ${end.next}`);
      } finally {
        signals.dispose();
      }
    });
}

async function work(session: Session, given: JobOptions, signals: StopSignals): Promise<PhaseEnd> {
  const { attempt, epoch, phase, verified } = given;
  const env = process.env;
  if (attempt === undefined || epoch === undefined) throw usageFailure(`--phase ${phase} needs --attempt and --epoch`);
  const server = requireServer(session.settings);
  const folder = resolve(given.handover);
  commitIdentity(env);
  const token = await idToken(env, server);
  const runner = { name: "forge-job", version: VERSION, labels: [] };
  const claim = await claimNamed({
    server,
    token,
    attemptId: attempt,
    epoch,
    nonce: nonceOf(env, attempt, epoch),
    runner,
    clock: systemClock,
    signal: signals.stop,
    giveUpAfterMs: 5 * 60_000,
    onRetry: (_tries, delayMs, why) => session.say(`${why}; asking again in ${Math.round(delayMs / 1000)} s`),
  });
  if (claim.kind !== "job")
    throw new CommandFailure(
      claim.kind === "refused" ? claim.code : claim.kind,
      claim.kind === "nothing" || claim.kind === "forecast" ? "the server gave no job" : claim.message,
    );
  const end = await runJob(claim.envelope, {
    server,
    home: openDataHome(session.settings.home),
    clock: systemClock,
    work: phase === "replay" ? replayWork(folder) : pushWork(folder, verified),
    handBack: signals.now,
    secrets: [token],
    logStartAt: given.logFrom,
    say: (line) => session.say(line),
  });
  session.say(`${attempt}: ${end.result?.outcome ?? "no result yet"}; ${describeDelivery(end.delivery)}`);
  if (end.delivery.kind === "refused" || end.delivery.kind === "unanswered")
    throw new CommandFailure("not_reported", describeDelivery(end.delivery));
  if (end.delivery.kind !== "handed_over") return { next: "end" };
  const plan = readPlan(folder);
  if (plan === undefined) throw new CommandFailure("no_plan", `the plan in ${folder} cannot be read again`);
  return { next: plan.commands.length > 0 ? "verify" : "push", log: end.delivery.logBytes };
}

async function verify(session: Session, given: JobOptions, signals: StopSignals): Promise<PhaseEnd> {
  const folder = resolve(given.handover);
  const plan = readPlan(folder);
  if (plan === undefined)
    throw new CommandFailure("no_plan", `there is no plan in ${folder}; run the replay phase first`);
  if (!hasReport(plan) || plan.commands.length === 0) return { next: "push" };
  const passed = await verifyPlan(folder, plan, {
    home: openDataHome(session.settings.home),
    env: process.env,
    signal: signals.now,
    say: (line) => session.say(line),
  });
  if (!passed) throw new CommandFailure("verify_failed", "a verify command failed; the pushing job reports it");
  return { next: "push" };
}

function hasReport(plan: Plan): plan is Plan & { report: NonNullable<Plan["report"]> } {
  return plan.report !== undefined;
}

/** The same in every job of a run, another for every run: what the forge calls the run. It is no secret. */
function nonceOf(env: Environment, attempt: string, epoch: number): string {
  const { GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, CI_PIPELINE_ID } = env;
  const run = GITHUB_RUN_ID ? `${GITHUB_RUN_ID}-${GITHUB_RUN_ATTEMPT ?? "1"}` : CI_PIPELINE_ID;
  if (!run) throw usageFailure("this is no job of a forge's CI: neither GITHUB_RUN_ID nor CI_PIPELINE_ID is set");
  return `forge-run-${run}-${attempt}-${epoch}`
    .replaceAll(/[^A-Za-z0-9_-]/g, "_")
    .padEnd(16, "_")
    .slice(0, 128);
}

/** An output of the step, for the conditions of the jobs that follow. */
function tellForge(env: Environment, { next, log = 0 }: PhaseEnd): void {
  if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, `next=${next}\nlog=${log}\n`);
}

function parseBytes(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("give a number of bytes");
  return Number(text);
}

function parseEpoch(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError("give the number of the hand-out, 1 or more");
  return Number(text);
}
