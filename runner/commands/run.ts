/**
 * `patch.moi run`: things that are started by hand.
 *
 * @module
 */
import type { Command } from "commander";
import { registerRunCodexRelease } from "./run-codex-release.ts";
import { registerRunEvent } from "./run-event.ts";
import { registerRunHarness } from "./run-harness.ts";

export function registerRun(program: Command): void {
  const run = program.command("run").description("start something by hand: an event, a release, the rehearsal");
  registerRunHarness(run);
  registerRunEvent(run);
  registerRunCodexRelease(run);
}
