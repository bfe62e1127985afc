/**
 * `patch.moi channels`
 *
 * @module
 */
import type { Command } from "commander";
import { Channel } from "../../worker/contract/channel.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerChannels(program: Command): void {
  registerList(program, {
    name: "channels",
    argument: { name: "stack", description: "stack id" },
    path: (stack) => ["stacks", stack, "channels"],
    key: "channels",
    description: "list a stack's channels and what they stand on",
    item: Channel,
    headings: ["CHANNEL", "FOLLOWS", "CANDIDATE", "TAG", "COMMIT", "BY", "AGE", "BRANCH"],
    row: ({ channel, follows, ref, promoted }, now) => [
      channel,
      follows ?? "not declared",
      promoted?.candidateId ?? "-",
      promoted?.tag ?? "-",
      promoted?.oid.slice(0, 12) ?? "-",
      promoted?.actor ?? "-",
      promoted === undefined ? "-" : age(promoted.at, now),
      ref.replace(/^refs\/heads\//, ""),
    ],
    examples: ["channels web", "channels web --json"],
  });
}
