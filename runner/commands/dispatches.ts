/**
 * `patch.moi dispatches`
 *
 * @module
 */
import type { Command } from "commander";
import { Dispatch } from "../../worker/contract/attempt.ts";
import { age } from "../client/table.ts";
import { registerList } from "./list.ts";

export function registerDispatches(program: Command): void {
  registerList(program, {
    name: "dispatches",
    path: ["workspace-dispatches"],
    key: "dispatches",
    description: "list hand-overs of attempts to runners and surfaces, newest first",
    item: Dispatch,
    filters: [
      { option: "--event <id>", description: "for this event", query: "eventId" },
      { option: "--status <status>", description: "waiting, claimed, ended, expired or withdrawn", query: "status" },
    ],
    headings: ["DISPATCH", "DRIVER", "STATUS", "OUTCOME", "RUNNER OR RUN", "AGE"],
    row: (dispatch, now) => [
      dispatch.id,
      dispatch.driver,
      dispatch.status,
      dispatch.outcome ?? "-",
      dispatch.runner ?? dispatch.runs?.map((run) => run.url ?? run.id).join(" ") ?? "-",
      age(dispatch.createdAt, now),
    ],
    examples: ["dispatches", "dispatches --status waiting --json"],
  });
}
