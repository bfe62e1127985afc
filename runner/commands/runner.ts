/**
 * `patch.moi runner`: the program that does the Git work.
 *
 * @module
 */
import type { Command } from "commander";
import { registerRunnerJob } from "./runner-job.ts";
import { registerRunnerOnce } from "./runner-once.ts";
import { registerRunnerRegister } from "./runner-register.ts";
import { registerRunnerStart } from "./runner-start.ts";

export function registerRunner(program: Command): void {
  const runner = program.command("runner").description("do the Git work of attempts on this machine");
  registerRunnerRegister(runner);
  registerRunnerOnce(runner);
  registerRunnerStart(runner);
  registerRunnerJob(runner);
}
