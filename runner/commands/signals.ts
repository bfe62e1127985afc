/**
 * `patch.moi signals`
 *
 * @module
 */
import type { Command } from "commander";
import { FeedSignal } from "../../worker/contract/feed-signal.ts";
import { age, cut } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerSignals(program: Command): void {
  registerList(program, {
    name: "signals",
    path: ["feed-signals"],
    key: "signals",
    description: "list what feeds said and what became of it, newest first",
    item: FeedSignal,
    filters: [{ option: "--source <id>", description: "of this source", query: "sourceId" }],
    headings: ["SOURCE", "TAG OR REF", "TITLE", "DISPOSITION", "WHY", "AGE"],
    row: (signal, now) => [
      signal.sourceId,
      signal.tag ?? signal.ref ?? "-",
      cut(signal.title ?? signal.entryId, 32),
      signal.disposition,
      signal.decisions.find(({ pass }) => !pass)?.code ?? "-",
      age(signal.seenAt, now),
    ],
    examples: ["signals --source web-releases", "signals --limit 200 --json"],
  });
}
