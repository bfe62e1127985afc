/**
 * `patch.moi attempts`
 *
 * @module
 */
import type { Command } from "commander";
import { MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { age, cut, shortRef, statusWord } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerAttempts(program: Command): void {
  registerList(program, {
    name: "attempts",
    path: ["maintenance-attempts"],
    key: "attempts",
    description: "list maintenance attempts, newest first",
    item: MaintenanceAttempt,
    filters: [
      { option: "--stack <id>", description: "of this stack", query: "stackId" },
      { option: "--event <id>", description: "for this event", query: "eventId" },
      { option: "--status <status>", description: "in this state, for example needs_intervention", query: "status" },
    ],
    headings: ["ATTEMPT", "OPERATION", "ONTO", "STATUS", "REASON", "AGE"],
    row: (attempt, now) => [
      attempt.id,
      attempt.operation,
      cut(shortRef(attempt.onto), 30),
      statusWord(attempt.status),
      attempt.reason?.code ?? "-",
      age(attempt.createdAt, now),
    ],
    examples: ["attempts --stack web", "attempts --status needs_intervention --json"],
  });
}
