/**
 * `patch.moi pause`
 *
 * @module
 */
import type { Command } from "commander";
import { registerStackAction } from "./stack-action.ts";

export function registerPause(program: Command): void {
  registerStackAction(program, "pause", "record events of a stack, but start no work");
}
