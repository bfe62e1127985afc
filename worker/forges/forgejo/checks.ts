/**
 * Forgejo and Gitea: commit statuses; they have no check runs.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { askForge, tellForge, tooMany } from "../forge-request.ts";
import { type ForgejoClient, PAGE } from "./client.ts";

const Status = z.object({ context: z.string(), status: z.string(), target_url: z.string().optional() });
/** The newest of each context. */
const Combined = z.object({ statuses: z.array(Status).nullable() });

export function forgejoChecks({ caller, root }: ForgejoClient): Checks {
  return {
    setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
      const body = { state, context, description, ...(url === undefined ? {} : { target_url: url }) };
      return tellForge(caller, { method: "POST", path: `${root}/statuses/${oid}`, body });
    },

    async checks(oid: string): Forged<CommitCheck[]> {
      const all: CommitCheck[] = [];
      for (let page = 1; page <= PAGE.pages; page++) {
        const ask = { path: `${root}/commits/${oid}/status`, query: { page, limit: PAGE.size } };
        const given = await askForge(caller, ask, Combined);
        if (!given.ok) return given;
        const statuses = given.value.statuses ?? [];
        all.push(...statuses.map(checkOf));
        if (statuses.length < PAGE.size) return ok(all);
      }
      return tooMany(caller.host, PAGE.pages * PAGE.size);
    },
  };
}

function checkOf({ context, status, target_url }: z.infer<typeof Status>): CommitCheck {
  const state =
    status === "success" || status === "skipped" ? "succeeded" : status === "pending" ? "pending" : "failed";
  return { name: context, state, ...(target_url === undefined || target_url === "" ? {} : { url: target_url }) };
}
