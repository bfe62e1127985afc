/**
 * GitLab: commit statuses, which are the jobs of its pipelines too, and the pipelines.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { askForge, askPages, tellForge, tooMany } from "../forge-request.ts";
import { type GitlabClient, PAGE } from "./client.ts";

const Status = z.object({
  name: z.string(),
  status: z.string(),
  target_url: z.string().nullish(),
  allow_failure: z.boolean().nullish(),
});
const Pipeline = z.object({
  id: z.number(),
  ref: z.string(),
  status: z.string(),
  source: z.string().nullish(),
  web_url: z.string(),
});

export function gitlabChecks({ caller, root }: GitlabClient): Checks {
  return {
    async setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
      const body = {
        state: state === "failure" || state === "error" ? "failed" : state,
        name: context,
        description: description.slice(0, 255),
        ...(url === undefined ? {} : { target_url: url }),
      };
      const told = await tellForge(caller, { method: "POST", path: `${root}/statuses/${oid}`, body });
      // GitLab refuses to set a status to what it is already.
      const same =
        !told.ok && told.failure.code === "refused" && /Cannot transition status/i.test(told.failure.message);
      return same ? ok(undefined) : told;
    },

    async checks(oid: string): Forged<CommitCheck[]> {
      const statuses = { path: `${root}/repository/commits/${oid}/statuses`, query: { per_page: PAGE.size } };
      const jobs = await askPages(caller, statuses, Status, PAGE);
      if (!jobs.ok) return jobs;
      const query = { sha: oid, order_by: "id", sort: "desc", per_page: PAGE.size };
      const pipelines = await askForge(caller, { path: `${root}/pipelines`, query }, z.array(Pipeline));
      if (!pipelines.ok) return pipelines;
      if (jobs.value.length >= PAGE.pages * PAGE.size) return tooMany(caller.host, PAGE.pages * PAGE.size);
      return ok([...jobs.value.map(jobCheck), ...newest(pipelines.value).flatMap(pipelineCheck)]);
    },
  };
}

function jobCheck({ name, status, target_url, allow_failure }: z.infer<typeof Status>): CommitCheck {
  const state = checkState(status);
  // GitLab itself does not wait for a job that may fail, nor for one that somebody may start by hand.
  const counts = allow_failure !== true || !["failed", "canceled", "manual"].includes(status);
  return {
    name,
    state: counts ? state : "succeeded",
    ...(typeof target_url === "string" && target_url !== "" ? { url: target_url } : {}),
  };
}

/** One that was run again counts as it is now. */
function newest(pipelines: readonly z.infer<typeof Pipeline>[]): z.infer<typeof Pipeline>[] {
  const of = (one: z.infer<typeof Pipeline>) => `${one.ref} ${one.source ?? ""}`;
  return pipelines.filter((one, i) => pipelines.findIndex((other) => of(other) === of(one)) === i);
}

/** A pipeline that is made of statuses from outside says what they say; one whose file is wrong has no jobs. */
function pipelineCheck({ id, status, source, web_url }: z.infer<typeof Pipeline>): CommitCheck[] {
  const state = checkState(status);
  if (source === "external" || state === "succeeded") return [];
  return [{ name: `pipeline ${id}`, state, url: web_url }];
}

function checkState(status: string): CommitCheck["state"] {
  if (status === "success" || status === "skipped") return "succeeded";
  return status === "failed" || status === "canceled" ? "failed" : "pending";
}
