/**
 * `patch.moi run event`: hands a flow event from a file to the server, or does its work right here.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { type Command, Option } from "commander";
import { FlowEvent, FlowEventInput } from "../../worker/contract/flow-event.ts";
import { usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { readDocument } from "./document-file.ts";
import { examples } from "./list.ts";
import { runEventLocally } from "./local-event.ts";

export type RunEventOptions = {
  file: string;
  stack?: string;
  config: string;
  dryRun?: boolean;
  recordOnly?: boolean;
  local?: boolean;
  push?: boolean;
};

export function registerRunEvent(run: Command): void {
  run
    .command("event")
    .description("hand a flow event from a file to the server, or do its work here")
    .requiredOption("--file <file>", "the event as JSON; - for standard input")
    .option("--stack <id>", "hand it to this stack, whatever its source says")
    .addOption(new Option("--dry-run", "check it and print what would be sent").conflicts(["recordOnly", "local"]))
    .addOption(new Option("--record-only", "record it and start no work").conflicts(["stack", "local"]))
    .option("--local", "do the work on this machine, with no server")
    .option("--config <file>", "with --local: where the stack is declared", "patch-moi.json")
    .option("--push", "with --local: push the candidate too")
    .addHelpText(
      "after",
      examples([
        "run event --file event.json --stack web",
        "run event --file event.json --local --config patch-moi.json",
      ]),
    )
    .action(async (options: RunEventOptions, self: Command) => {
      const session = Session.of(self);
      // An event that `show --json` printed may be given back: what the server adds is left out.
      const event = readDocument(options.file, FlowEventInput, ["receivedAt"]);
      if (options.push === true && options.local !== true) throw usageFailure("--push goes with --local");
      if (options.local === true) return runEventLocally(session, event, options);
      const body = bodyOf(event, options);
      if (options.dryRun === true)
        return session.answer({ method: "POST", path: "/flow-events", body }, () => describeDryRun(body));
      const answer = z.object({ event: FlowEvent, accepted: z.boolean() });
      const request = { method: "POST" as const, path: ["flow-events"], body, answer };
      const sent = await session.watch("sending the event", session.api().request(request));
      session.answer(sent.raw, () => {
        const { event: stored, accepted } = sent.value;
        const to =
          stored.stackIds.length === 0 ? "recorded, handed to no stack" : `handed to ${stored.stackIds.join(", ")}`;
        return `${stored.id}: ${accepted ? to : `known already; ${to}`}`;
      });
    });
}

/** Without source and stacks the server records an event and hands it to nobody. */
function bodyOf(event: FlowEventInput, options: RunEventOptions): FlowEventInput {
  if (options.recordOnly === true) {
    const { sourceId: _source, stackIds: _stacks, ...rest } = event;
    return rest;
  }
  return options.stack === undefined ? event : { ...event, stackIds: [options.stack] };
}

function describeDryRun(body: FlowEventInput): string {
  const to =
    body.stackIds?.join(", ") ?? (body.sourceId === undefined ? "nobody" : `the stacks of source ${body.sourceId}`);
  return `${body.id} (${body.type}) would go to ${to}\nnot sent (--dry-run)`;
}
