/**
 * `patch.moi dismiss`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerDismiss(program: Command): void {
  program
    .command("dismiss")
    .description("close an attempt that needs intervention without doing its work")
    .argument("<attempt>", "attempt id, for example web.12")
    .requiredOption("--note <text>", "why; it stays on the record")
    .addHelpText("after", examples(['dismiss web.12 --note "broken upstream, waiting for 2.1.1"']))
    .action(async (id: string, options: { note: string }, self: Command) =>
      actOnAttempt(Session.of(self), id, "dismiss", { note: options.note }),
    );
}
