/**
 * `patch.moi sync`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerSync(program: Command): void {
  program
    .command("sync")
    .description("ask the execution surface what became of an attempt, and record it")
    .argument("<attempt>", "attempt id, for example web.12")
    .addHelpText("after", examples(["sync web.12"]))
    .action(async (id: string, _options: unknown, self: Command) => actOnAttempt(Session.of(self), id, "sync"));
}
