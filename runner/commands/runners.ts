/**
 * `patch.moi runners list|rotate`
 *
 * @module
 */
import type { Command } from "commander";
import { Runner } from "../../worker/contract/identity.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";
import { registerRunnersRotate } from "./runners-rotate.ts";

export function registerRunners(program: Command): void {
  const runners = program.command("runners").description("runners that the server knows");
  registerList(runners, {
    name: "list",
    path: ["runners"],
    key: "runners",
    description: "list registered runners",
    item: Runner,
    headings: ["RUNNER", "LABELS", "VERSION", "LAST SEEN"],
    row: (runner, now) => [
      runner.name,
      runner.labels.join(", ") || "-",
      runner.version ?? "-",
      age(runner.lastSeenAt, now),
    ],
    examples: ["runners list", "runners list --json"],
  });
  registerRunnersRotate(runners);
}
