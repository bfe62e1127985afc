/**
 * `patch.moi land`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerLand(program: Command): void {
  program
    .command("land")
    .description("move the maintained branch to an attempt's candidate")
    .argument("<attempt>", "attempt id, for example web.12")
    .addHelpText("after", examples(["land web.12"]))
    .action(async (id: string, _options: unknown, self: Command) => actOnAttempt(Session.of(self), id, "land"));
}
