/**
 * What `runner once` and `runner start` share: who the runner is, and how it is stopped.
 *
 * @module
 */
import type { Command } from "commander";
import { Name } from "../../worker/contract/primitives.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import type { Session } from "../client/session.ts";
import { type Environment, parseServer } from "../client/settings.ts";
import { VERSION } from "../client/version.ts";
import { systemClock } from "../job/clock.ts";
import { commitIdentity } from "../job/commit-identity.ts";
import { openDataHome } from "../job/data-home.ts";
import { loadIdentity, RunnerSecret } from "../job/identity.ts";
import { mirrorLimit } from "../job/mirror-limit.ts";
import { partialChoice } from "../job/partial-mirror.ts";
import { performJob } from "../job/perform-job.ts";
import type { RunnerOptions } from "../job/runner-loop.ts";
import { collectLabel, parseName } from "./runner-register.ts";
import { type StopSignals, stopOnSignals } from "./stop-signals.ts";

export type RunnerCommandOptions = { name?: string; label: string[] };

export function addRunnerOptions(command: Command): Command {
  return command
    .option("--name <name>", "the runner's name, when it is not the registered one (PATCH_MOI_RUNNER_NAME)", parseName)
    .option("--label <label>", "in place of the registered labels; may be given several times", collectLabel, []);
}

/** Everything the loop needs. The environment goes before the file that `register` wrote. */
export function runnerOptions(
  session: Session,
  given: RunnerCommandOptions,
  env: Environment = process.env,
): { options: RunnerOptions; signals: StopSignals } {
  const home = openDataHome(session.settings.home);
  const file = loadIdentity(home.identity);
  if (file.kind === "unreadable")
    throw new CommandFailure("identity_unreadable", `${file.message}; run \`patch.moi runner register --replace\``, 2);
  const known = file.kind === "found" ? file.identity : undefined;
  const secret = env.PATCH_MOI_RUNNER_SECRET || known?.secret;
  const name = given.name ?? (env.PATCH_MOI_RUNNER_NAME || known?.name);
  const server = session.settings.server ?? (known === undefined ? undefined : parseServer(known.server));
  if (secret === undefined || name === undefined || server === undefined)
    throw new CommandFailure(
      "not_registered",
      "this machine is no runner yet; run `patch.moi runner register`, or set PATCH_MOI_URL, PATCH_MOI_RUNNER_NAME and PATCH_MOI_RUNNER_SECRET",
      2,
    );
  if (!RunnerSecret.safeParse(secret).success)
    throw usageFailure("PATCH_MOI_RUNNER_SECRET is not a whsec_ secret of 24 bytes or more");
  if (!Name.safeParse(name).success) throw usageFailure(`PATCH_MOI_RUNNER_NAME '${name}' is not a runner's name`);
  // Said at the start rather than after the first job.
  mirrorLimit(env);
  partialChoice(env);
  commitIdentity(env);
  const say = (line: string) => session.say(line);
  const signals = stopOnSignals(
    say,
    "no more jobs are taken; a running one goes on to its end (once more to hand it back)",
    "handing the job back",
  );
  const labels = given.label.length > 0 ? given.label : (known?.labels ?? []);
  return {
    signals,
    options: {
      server,
      secret,
      runner: { name, version: VERSION, labels },
      home,
      clock: systemClock,
      work: performJob,
      stop: signals.stop,
      handBack: signals.now,
      say,
    },
  };
}
