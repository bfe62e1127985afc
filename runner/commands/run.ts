/**
 * `patch.moi run`: things that are started by hand.
 *
 * @module
 */
import type { Command } from "commander";
import { registerRunEvent } from "./run-event.ts";
import { registerRunHarness } from "./run-harness.ts";

export function registerRun(program: Command): void {
  const run = program.command("run").description("start something by hand: an event, the rehearsal");
  registerRunHarness(run);
  registerRunEvent(run);
}
