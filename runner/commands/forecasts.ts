/**
 * `patch.moi forecasts`
 *
 * @module
 */
import type { Command } from "commander";
import { Forecast, type LatestForecast } from "../../worker/contract/forecast.ts";
import { colors } from "../client/colors.ts";
import { age, cut } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerForecasts(program: Command): void {
  registerList(program, {
    name: "forecasts",
    argument: { name: "stack", description: "stack id" },
    path: (stack) => ["stacks", stack, "forecasts"],
    key: "forecasts",
    description: "list how a stack would have fared on upstream's branch, newest first",
    item: Forecast,
    headings: ["AGE", "ONTO", "FORECAST", "BEHIND", "FIRST CONFLICT OR REASON"],
    row: (forecast, now) => [
      age(forecast.at, now),
      forecast.onto === undefined ? "-" : `${cut(forecast.onto.ref, 20)} ${forecast.onto.oid.slice(0, 10)}`,
      forecastWord(forecast),
      behind(forecast),
      cut(because(forecast), 60),
    ],
    examples: ["forecasts web", "forecasts web --limit 1 --json"],
  });
}

/** What would become of the stack, in a word or two. */
export function forecastWord({ outcome, counts, drift }: LatestForecast): string {
  switch (outcome) {
    case "carries":
      return colors.green("carries");
    case "conflicts":
      return colors.yellow(`${counts?.conflicted ?? "?"} of ${drift?.commitsAhead ?? "?"} conflict`);
    case "failed":
      return colors.red("failed");
  }
}

/** How far a stack is behind upstream's branch: `41 (6.5d)`. */
export function behind(forecast: Pick<LatestForecast, "drift"> | undefined): string {
  return forecast?.drift === undefined ? "-" : `${forecast.drift.commitsBehind} (${forecast.drift.daysBehind}d)`;
}

function because({ reason, conflicts = [] }: Forecast): string {
  if (reason !== undefined) return `${reason.code}: ${reason.message}`;
  const [first] = conflicts;
  return first === undefined ? "-" : `${first.paths[0]?.path ?? "?"}: ${first.subject}`;
}
