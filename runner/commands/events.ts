/**
 * `patch.moi events`
 *
 * @module
 */
import type { Command } from "commander";
import { FlowEvent } from "../../worker/contract/flow-event.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerEvents(program: Command): void {
  registerList(program, {
    name: "events",
    path: ["flow-events"],
    key: "events",
    description: "list flow events: upstream movements that were recorded, newest first",
    item: FlowEvent,
    filters: [
      { option: "--type <type>", description: "upstream.release, upstream.tag or upstream.push", query: "type" },
      { option: "--stack <id>", description: "handed to this stack", query: "stackId" },
    ],
    headings: ["EVENT", "TYPE", "TAG OR REF", "STACKS", "AGE"],
    row: (event, now) => [
      event.id,
      event.type,
      event.payload.entry.tag ?? event.payload.entry.ref ?? "-",
      event.stackIds.join(", ") || "-",
      age(event.receivedAt, now),
    ],
    examples: ["events --stack web", "events --type upstream.release --limit 5 --json"],
  });
}
