/**
 * `patch.moi retry`
 *
 * @module
 */
import type { Command } from "commander";
import { registerEventAction } from "./event-action.ts";

export function registerRetry(program: Command): void {
  registerEventAction(program, "retry", "try an event again whose last attempt ended badly");
}
