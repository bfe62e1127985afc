/**
 * `patch.moi runner start`: jobs until it is stopped.
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { runForever } from "../job/runner-loop.ts";
import { examples } from "./list.ts";
import { addRunnerOptions, type RunnerCommandOptions, runnerOptions } from "./runner-session.ts";

export function registerRunnerStart(runner: Command): void {
  const start = runner
    .command("start")
    .description("take jobs until stopped; Ctrl-C once to finish the running one, twice to hand it back");
  addRunnerOptions(start)
    .addHelpText("after", examples(["runner start"]))
    .action(async (given: RunnerCommandOptions, self: Command) => {
      const session = Session.of(self);
      const { options, signals } = runnerOptions(session, given);
      session.say(`runner '${options.runner.name}' takes jobs from ${options.server.origin}`);
      const jobs = await runForever(options).finally(signals.dispose);
      session.answer({ jobs }, () => `stopped after ${jobs} ${jobs === 1 ? "job" : "jobs"}`);
    });
}
