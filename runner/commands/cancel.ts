/**
 * `patch.moi cancel`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerCancel(program: Command): void {
  program
    .command("cancel")
    .description("stop an attempt; a runner that works on it is told")
    .argument("<attempt>", "attempt id, for example web.12")
    .addHelpText("after", examples(["cancel web.12"]))
    .action(async (id: string, _options: unknown, self: Command) => actOnAttempt(Session.of(self), id, "cancel"));
}
