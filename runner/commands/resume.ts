/**
 * `patch.moi resume`
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { actOnAttempt } from "./attempt-action.ts";
import { examples } from "./list.ts";

export function registerResume(program: Command): void {
  program
    .command("resume")
    .description("go on with an attempt after a person has acted")
    .argument("<attempt>", "attempt id, for example web.12")
    .requiredOption("--note <text>", "what was done; names patches that were dropped on purpose")
    .option("--ref <branch>", "branch or commit in the fork: the new base plus the resolved patches")
    .addHelpText(
      "after",
      examples([
        'resume web.12 --ref resolved/v2 --note "kept our retry, theirs is gone"',
        'resume web.12 --note "fork is writable again"',
      ]),
    )
    .action(async (id: string, options: { note: string; ref?: string }, self: Command) =>
      actOnAttempt(Session.of(self), id, "resume", { note: options.note, resolvedRef: options.ref }),
    );
}
