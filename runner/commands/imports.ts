/**
 * `patch.moi imports`
 *
 * @module
 */
import type { Command } from "commander";
import { IMPORT_QUIET_MS, RecordImport } from "../../worker/contract/record-import.ts";
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
    row: ({ begunAt, actor, file, new: made, same, refused, endedAt, lastAt }, now) => [
      age(begunAt, now),
      actor,
      `${file.server ?? "?"} ${file.at.slice(0, 16)}`,
      file.sha256.slice(0, 12),
      String(made),
      String(same),
      String(refused),
      state(endedAt, lastAt, now),
    ],
    examples: ["imports", "imports --stack web --json"],
  });
}

function state(endedAt: string | undefined, lastAt: string, now: number): string {
  if (endedAt !== undefined) return "ended";
  const last = age(lastAt, now);
  return now - Date.parse(lastAt) > IMPORT_QUIET_MS
    ? colors.red(`broke off, no lines for ${last}`)
    : colors.yellow(`under way, last lines ${last} ago`);
}
