/**
 * Forgejo and Gitea: runs of workflows.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { DispatchRequest, Forged, Run, RunQuery, Runs } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import { type ForgejoClient, PAGE } from "./client.ts";

/** Forgejo says `title` and `created`, Gitea `display_title` and `started_at`. */
const RunBody = z.object({
  id: z.number(),
  html_url: z.string(),
  title: z.string().optional(),
  display_title: z.string().optional(),
  status: z.string(),
  conclusion: z.string().nullish(),
  created: z.string().optional(),
  started_at: z.string().optional(),
});

export function forgejoRuns({ caller, root, webUrl }: ForgejoClient): Runs {
  return {
    async dispatch({ workflow, ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
      const path = `${root}/actions/workflows/${encodeURIComponent(workflow)}/dispatches`;
      // Forgejo answers 201 with the run when asked to; Gitea 204.
      const body = { ref, inputs, return_run_info: true };
      const given = await askForge(caller, { method: "POST", path, body }, z.object({ id: z.number() }).nullable());
      if (!given.ok || given.value === null) return given.ok ? ok({}) : given;
      const id = String(given.value.id);
      const url = `${webUrl}/actions/runs/${id}`;
      return ok({ run: { id, url, name: "", status: "queued", createdAt: new Date().toISOString() } });
    },

    async findRun({ name, since }: RunQuery): Forged<Run | undefined> {
      const path = `${root}/actions/runs`;
      const query = { event: "workflow_dispatch", limit: PAGE.size };
      const given = await askForge(caller, { path, query }, z.object({ workflow_runs: z.array(RunBody) }));
      if (!given.ok) return given;
      // The API takes no time to begin at; a run has no time of its own until it starts.
      return ok(given.value.workflow_runs.map(runOf).find((run) => run.name === name && !(run.createdAt < since)));
    },

    async run(id: string): Forged<Run> {
      const given = await askForge(caller, { path: `${root}/actions/runs/${encodeURIComponent(id)}` }, RunBody);
      return given.ok ? ok(runOf(given.value)) : given;
    },

    async cancelRun(id: string): Forged<void> {
      const path = `${root}/actions/runs/${encodeURIComponent(id)}/cancel`;
      const told = await tellForge(caller, { method: "POST", path });
      return !told.ok && told.failure.status === 409 ? ok(undefined) : told;
    },
  };
}

function runOf(run: z.infer<typeof RunBody>): Run {
  return {
    id: String(run.id),
    url: run.html_url,
    name: run.title ?? run.display_title ?? "",
    status: runStatus(run.status, run.conclusion ?? undefined),
    createdAt: iso(run.created ?? run.started_at),
  };
}

/** Forgejo has one word for both, Gitea GitHub's two. */
function runStatus(status: string, conclusion: string | undefined): Run["status"] {
  const word = status === "completed" ? conclusion : status;
  if (word === "success" || word === "skipped") return "succeeded";
  if (word === "failure") return "failed";
  if (word === "cancelled") return "cancelled";
  return word === "running" || word === "in_progress" ? "running" : "queued";
}

/** A run that has not started has no time: it counts as just now. */
function iso(text: string | undefined): string {
  const at = Date.parse(text ?? "");
  return new Date(Number.isNaN(at) || at <= 0 ? Date.now() : at).toISOString();
}
