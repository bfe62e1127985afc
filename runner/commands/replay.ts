/**
 * `patch.moi replay`
 *
 * @module
 */
import type { Command } from "commander";
import { registerEventAction } from "./event-action.ts";

export function registerReplay(program: Command): void {
  registerEventAction(program, "replay", "do an event again, whatever came of it");
}
