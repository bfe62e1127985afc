/**
 * `patch.moi run event`: hands a flow event from a file to the server, or does its work right here.
 *
 * @module
 */
import type { Command } from "commander";
import { Session } from "../client/session.ts";
import { readDocument } from "./document-file.ts";
import { EventFile } from "./event-file.ts";
import { addHandOptions, type HandOptions, handEvent } from "./hand-event.ts";
import { examples } from "./list.ts";

export function registerRunEvent(run: Command): void {
  const command = run
    .command("event")
    .description("hand a flow event from a file to the server, or do its work here")
    .requiredOption("--file <file>", "the event as JSON; - for standard input");
  addHandOptions(command)
    .addHelpText(
      "after",
      examples([
        "run event --file event.json --stack web",
        "run event --file event.json --dry-run --workspace ../workspace",
        "run event --file event.json --local --config patch-moi.json",
      ]),
    )
    .action((options: HandOptions & { file: string }, self: Command) =>
      handEvent(Session.of(self), readDocument(options.file, EventFile), options),
    );
}
