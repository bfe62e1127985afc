/**
 * GitLab: commit statuses, which are the jobs of its pipelines too.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import { type GitlabClient, PAGE } from "./client.ts";

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
      const status = z.object({ name: z.string(), status: z.string(), target_url: z.string().nullish() });
      const ask = { path: `${root}/repository/commits/${oid}/statuses`, query: { per_page: PAGE.size } };
      const given = await askForge(caller, ask, z.array(status));
      if (!given.ok) return given;
      return ok(
        given.value.map(({ name, status, target_url }) => ({
          name,
          state: checkState(status),
          ...(typeof target_url === "string" ? { url: target_url } : {}),
        })),
      );
    },
  };
}

function checkState(status: string): CommitCheck["state"] {
  if (status === "success" || status === "skipped") return "succeeded";
  return status === "failed" || status === "canceled" ? "failed" : "pending";
}
