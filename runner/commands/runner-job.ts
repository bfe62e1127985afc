/**
 * `patch.moi runner job`: one phase of an attempt, as a job of a forge's CI.
 *
 * A run that was started to check a set-up is the same job: it proves who it is, is told so, and ends.
 *
 * @module
 */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { requireServer } from "../client/settings.ts";
import { VERSION } from "../client/version.ts";
import { type ForgeRun, forgeRun, tellForge } from "../job/ci-run.ts";
import { claimNamed } from "../job/claim.ts";
import { systemClock } from "../job/clock.ts";
import { commitIdentity } from "../job/commit-identity.ts";
import { openDataHome } from "../job/data-home.ts";
import { type Plan, readPlan } from "../job/handover.ts";
import { jobProof } from "../job/job-proof.ts";
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
  dotenv?: string;
};
type Phase = "replay" | "verify" | "push";
/** What is left to do after a phase; `log`: how long the attempt's log is by now. */
type PhaseEnd = { next: "verify" | "push" | "end"; log?: number };

export function registerRunnerJob(runner: Command): void {
  runner
    .command("job")
    .description("do one phase of an attempt as a job of a forge's CI, with its ID token or a runner's secret")
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
    .option("--dotenv <file>", "write what is next as PATCH_MOI_NEXT and PATCH_MOI_LOG, for GitLab's dotenv reports")
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
        tellForge(process.env, given.dotenv, end);
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
  const run: ForgeRun = forgeRun(env);
  const { proof, name, secrets } = await jobProof(env, server);
  const claim = await claimNamed({
    server,
    proof,
    attemptId: attempt,
    epoch,
    nonce: run.nonce(attempt, epoch),
    runner: { name, version: VERSION, labels: [] },
    clock: systemClock,
    signal: signals.stop,
    giveUpAfterMs: 5 * 60_000,
    onRetry: (_tries, delayMs, why) => session.say(`${why}; asking again in ${Math.round(delayMs / 1000)} s`),
  });
  if (claim.kind === "check") {
    session.say(`${attempt}: the server knows this job as ${claim.check.provedAs}; there is nothing else to do`);
    return { next: "end" };
  }
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
    secrets,
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

function parseBytes(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("give a number of bytes");
  return Number(text);
}

function parseEpoch(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError("give the number of the hand-out, 1 or more");
  return Number(text);
}
