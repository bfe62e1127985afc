/**
 * `patch.moi imports`
 *
 * @module
 */
import type { Command } from "commander";
import { RecordImport } from "../../worker/contract/record-import.ts";
import { colors } from "../client/colors.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerImports(program: Command): void {
  registerList(program, {
    name: "imports",
    path: ["imports"],
    key: "imports",
    description: "list who brought an export in, from what, and what became of it, newest first",
    item: RecordImport,
    filters: [{ option: "--stack <id>", description: "only those that brought this stack", query: "stackId" }],
    headings: ["AGE", "BY", "EXPORT OF", "FILE", "NEW", "SAME", "REFUSED", "STATE"],
    row: ({ begunAt, actor, file, new: made, same, refused, endedAt }, now) => [
      age(begunAt, now),
      actor,
      `${file.server ?? "?"} ${file.at.slice(0, 16)}`,
      file.sha256.slice(0, 12),
      String(made),
      String(same),
      String(refused),
      endedAt === undefined ? colors.yellow("not ended") : "ended",
    ],
    examples: ["imports", "imports --stack web --json"],
  });
}
