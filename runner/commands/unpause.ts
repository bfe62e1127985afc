/**
 * `patch.moi unpause`
 *
 * @module
 */
import type { Command } from "commander";
import { registerStackAction } from "./stack-action.ts";

export function registerUnpause(program: Command): void {
  registerStackAction(program, "unpause", "let a paused stack work again");
}
