/**
 * GitLab: pipelines, which are what the others call runs.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { DispatchRequest, Forged, Run, RunQuery, Runs } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import type { GitlabClient } from "./client.ts";

const Pipeline = z.object({
  id: z.number(),
  web_url: z.string(),
  status: z.string(),
  created_at: z.string(),
  name: z.string().nullish(),
});
/** Variable of a pipeline that holds the hand-out's name: pipelines are found again by it. */
export const DISPATCH_VARIABLE = "PATCH_MOI_DISPATCH";

export function gitlabRuns({ caller, root }: GitlabClient): Runs {
  return {
    async dispatch({ ref, inputs }: DispatchRequest): Forged<{ run?: Run }> {
      const variables = Object.entries(inputs).map(([key, value]) => ({ key, value }));
      const ask = { method: "POST" as const, path: `${root}/pipeline`, body: { ref, variables } };
      const given = await askForge(caller, ask, Pipeline);
      return given.ok ? ok({ run: runOf(given.value) }) : given;
    },

    async findRun({ ref, name, since }: RunQuery): Forged<Run | undefined> {
      const query = { ref, source: "api", created_after: since, order_by: "id", sort: "desc", per_page: 20 };
      const given = await askForge(caller, { path: `${root}/pipelines`, query }, z.array(Pipeline));
      if (!given.ok) return given;
      const variables = z.array(z.object({ key: z.string(), value: z.string() }));
      for (const pipeline of given.value) {
        const path = `${root}/pipelines/${pipeline.id}/variables`;
        const told = await askForge(caller, { path }, variables);
        if (!told.ok) return told;
        if (told.value.some(({ key, value }) => key === DISPATCH_VARIABLE && value === name))
          return ok(runOf(pipeline));
      }
      return ok(undefined);
    },

    async run(id: string): Forged<Run> {
      const given = await askForge(caller, { path: `${root}/pipelines/${encodeURIComponent(id)}` }, Pipeline);
      return given.ok ? ok(runOf(given.value)) : given;
    },

    cancelRun(id: string): Forged<void> {
      // A pipeline that has ended stays as it is, and that is a success too.
      return tellForge(caller, {
        method: "POST",
        path: `${root}/pipelines/${encodeURIComponent(id)}/cancel`,
      });
    },
  };
}

function runOf(pipeline: z.infer<typeof Pipeline>): Run {
  const { id, web_url, status, created_at, name } = pipeline;
  return { id: String(id), url: web_url, name: name ?? "", status: runStatus(status), createdAt: created_at };
}

function runStatus(status: string): Run["status"] {
  switch (status) {
    case "success":
    case "skipped":
      return "succeeded";
    case "failed":
      return "failed";
    case "canceled":
    case "canceling":
      return "cancelled";
    case "running":
      return "running";
    default:
      return "queued";
  }
}
