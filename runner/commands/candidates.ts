/**
 * `patch.moi candidates`
 *
 * @module
 */
import type { Command } from "commander";
import { Candidate } from "../../worker/contract/attempt.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerCandidates(program: Command): void {
  registerList(program, {
    name: "candidates",
    path: ["candidates"],
    key: "candidates",
    description: "list what attempts produced, newest first",
    item: Candidate,
    filters: [{ option: "--stack <id>", description: "of this stack", query: "stackId" }],
    headings: ["CANDIDATE", "KIND", "REF", "COMMIT", "LANDED", "AGE"],
    row: (candidate, now) => [
      candidate.id,
      candidate.kind,
      candidate.ref.replace(/^refs\/heads\//, ""),
      candidate.oid.slice(0, 12),
      candidate.landedAt === undefined ? "-" : age(candidate.landedAt, now),
      age(candidate.createdAt, now),
    ],
    examples: ["candidates --stack web", "candidates --json"],
  });
}
