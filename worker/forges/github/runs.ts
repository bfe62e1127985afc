/**
 * GitHub: runs of workflows.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { DispatchRequest, Forged, Run, RunQuery, Runs } from "../forge.ts";
import { type GithubClient, PAGE } from "./client.ts";

const RunBody = z.object({
  id: z.number(),
  html_url: z.string(),
  name: z.string().nullish(),
  display_title: z.string().nullish(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  created_at: z.string(),
});
const Dispatched = z.object({ workflow_run_id: z.number(), html_url: z.string() });

export function githubRuns(client: GithubClient): Runs {
  return {
    async dispatch({ workflow, ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
      const route = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
      const params = { workflow_id: workflow, ref, inputs, return_run_details: true };
      // A server that does not know `return_run_details` answers 204 with nothing.
      const schema = Dispatched.nullable();
      const given = await client.ask(route, params, { actions: "write" }, schema);
      if (!given.ok || given.value === null) return given.ok ? ok({}) : given;
      const { workflow_run_id, html_url } = given.value;
      const createdAt = new Date().toISOString();
      return ok({ run: { id: String(workflow_run_id), url: html_url, name: "", status: "queued", createdAt } });
    },

    async findRun({ workflow, ref, name, since }: RunQuery): Forged<Run | undefined> {
      const route = "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs";
      const created = `>=${since.slice(0, 19)}Z`;
      const params = { workflow_id: workflow, event: "workflow_dispatch", branch: ref, created, per_page: PAGE };
      const schema = z.object({ workflow_runs: z.array(RunBody) });
      const given = await client.ask(route, params, { actions: "read" }, schema);
      if (!given.ok) return given;
      const found = given.value.workflow_runs.find((run) => run.display_title === name || run.name === name);
      return ok(found === undefined ? undefined : runOf(found));
    },

    async run(id: string): Forged<Run> {
      const params = { run_id: Number(id) };
      const given = await client.ask(
        "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
        params,
        { actions: "read" },
        RunBody,
      );
      return given.ok ? ok(runOf(given.value)) : given;
    },

    async cancelRun(id: string): Forged<void> {
      const route = "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel";
      const told = await client.tell(route, { run_id: Number(id) }, { actions: "write" });
      // 409: it has ended by itself.
      return !told.ok && told.failure.status === 409 ? ok(undefined) : told;
    },
  };
}

function runOf(run: z.infer<typeof RunBody>): Run {
  return {
    id: String(run.id),
    url: run.html_url,
    name: run.display_title ?? run.name ?? "",
    status: runStatus(run.status, run.conclusion),
    createdAt: run.created_at,
  };
}

function runStatus(status: string | null, conclusion: string | null): Run["status"] {
  if (status !== "completed") return status === "in_progress" ? "running" : "queued";
  if (conclusion === "success") return "succeeded";
  return conclusion === "cancelled" ? "cancelled" : "failed";
}
