/**
 * `patch.moi setup fork|forge`
 *
 * @module
 */
import type { Command } from "commander";
import { registerSetupForge } from "./setup-forge.ts";
import { registerSetupFork } from "./setup-fork.ts";

export function registerSetup(program: Command): void {
  const setup = program.command("setup").description("from a clone of a fork to a stack whose forge does the work");
  registerSetupFork(setup);
  registerSetupForge(setup);
}
