/**
 * `patch.moi sources`
 *
 * @module
 */
import type { Command } from "commander";
import { FeedSource, stacksFed } from "../../worker/contract/feed-source.ts";
import { colors } from "../client/colors.ts";
import { age, cut } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerSources(program: Command): void {
  registerList(program, {
    name: "sources",
    path: ["feed-sources"],
    key: "sources",
    description: "list feed sources and how polling them goes",
    item: FeedSource,
    headings: ["SOURCE", "PROVIDER", "EVENT", "STACKS", "LAST POLL", "HEALTH"],
    row: (source, now) => [
      source.id,
      source.provider,
      source.event,
      stacksFed(source.id, source.target).join(", ") || "-",
      age(source.health.lastPollAt, now),
      health(source),
    ],
    examples: ["sources", "sources --json"],
  });
}

export function health(source: FeedSource): string {
  if (!source.enabled) return colors.dim("off");
  const { consecutiveFailures, lastError, primed, gapSince, refsError } = source.health;
  if (consecutiveFailures > 0)
    return colors.red(`${consecutiveFailures} failed: ${cut(lastError?.message ?? lastError?.code ?? "", 40)}`);
  if (gapSince !== undefined) return colors.yellow(`missed something: ${refsError?.message ?? "looking it up"}`);
  return primed ? colors.green("ok") : "not polled yet";
}
