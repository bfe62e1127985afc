/**
 * `patch.moi stacks`
 *
 * @module
 */
import type { Command } from "commander";
import { Stack } from "../../worker/contract/stack.ts";
import { colors } from "../client/colors.ts";
import { behind, forecastWord } from "./forecasts.ts";
import { registerList } from "./list.ts";

export function registerStacks(program: Command): void {
  registerList(program, {
    name: "stacks",
    path: ["stacks"],
    key: "stacks",
    description: "list patch stacks and where they stand",
    item: Stack,
    headings: ["STACK", "BRANCH", "CARRIED", "HIGHEST", "ATTEMPT", "FORECAST", "BEHIND", ""],
    row: (stack) => [
      stack.id,
      stack.branch ?? stack.policy.work,
      stack.carried === undefined ? "-" : (stack.carried.tag ?? stack.carried.oid.slice(0, 12)),
      stack.highestTag ?? "-",
      stack.currentAttemptId ?? "-",
      stack.forecast === undefined ? "-" : forecastWord(stack.forecast),
      behind(stack.forecast),
      stack.paused ? colors.yellow("paused") : "",
    ],
    examples: ["stacks", "stacks --json"],
  });
}
