/**
 * Forgejo and Gitea: commit statuses; they have no check runs.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import { type ForgejoClient, PAGE } from "./client.ts";

export function forgejoChecks({ caller, root }: ForgejoClient): Checks {
  return {
    setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
      const body = { state, context, description, ...(url === undefined ? {} : { target_url: url }) };
      return tellForge(caller, { method: "POST", path: `${root}/statuses/${oid}`, body });
    },

    async checks(oid: string): Forged<CommitCheck[]> {
      const path = `${root}/commits/${oid}/status`;
      const status = z.object({ context: z.string(), status: z.string(), target_url: z.string().optional() });
      const given = await askForge(
        caller,
        { path, query: { limit: PAGE.size } },
        z.object({ statuses: z.array(status).nullable() }),
      );
      if (!given.ok) return given;
      return ok(
        (given.value.statuses ?? []).map(({ context, status, target_url }) => ({
          name: context,
          state:
            status === "success" || status === "skipped" ? "succeeded" : status === "pending" ? "pending" : "failed",
          ...(target_url === undefined || target_url === "" ? {} : { url: target_url }),
        })),
      );
    },
  };
}
