/**
 * GitHub: commit statuses and check runs.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { type GithubClient, PAGE } from "./client.ts";

const Statuses = z.object({
  statuses: z.array(z.object({ context: z.string(), state: z.string(), target_url: z.string().nullish() })),
});
const CheckRuns = z.object({
  check_runs: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      html_url: z.string().nullish(),
      app: z.object({ slug: z.string().optional() }).nullish(),
    }),
  ),
});

export function githubChecks(client: GithubClient): Checks {
  return {
    setStatus(oid: string, { state, context, description, url }: CommitStatus): Forged<void> {
      const params = {
        sha: oid,
        state,
        context,
        description: description.slice(0, 140),
        ...(url === undefined ? {} : { target_url: url }),
      };
      return client.tell("POST /repos/{owner}/{repo}/statuses/{sha}", params, { statuses: "write" });
    },

    async checks(oid: string): Forged<CommitCheck[]> {
      const params = { ref: oid, per_page: PAGE };
      const statuses = await client.ask(
        "GET /repos/{owner}/{repo}/commits/{ref}/status",
        params,
        { statuses: "read" },
        Statuses,
      );
      if (!statuses.ok) return statuses;
      const runs = await client.ask(
        "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
        params,
        { checks: "read" },
        CheckRuns,
      );
      if (!runs.ok) return runs;
      return ok([
        ...statuses.value.statuses.map(({ context, state, target_url }) => ({
          name: context,
          state:
            state === "success"
              ? ("succeeded" as const)
              : state === "pending"
                ? ("pending" as const)
                : ("failed" as const),
          ...(typeof target_url === "string" ? { url: target_url } : {}),
        })),
        ...runs.value.check_runs.map(({ name, status, conclusion, html_url, app }) => ({
          name,
          state: checkState(status, conclusion),
          ...(typeof html_url === "string" ? { url: html_url } : {}),
          ...(app?.slug === undefined ? {} : { app: app.slug }),
        })),
      ]);
    },
  };
}

function checkState(status: string, conclusion: string | null): CommitCheck["state"] {
  if (status !== "completed") return "pending";
  return conclusion === "success" || conclusion === "neutral" || conclusion === "skipped" ? "succeeded" : "failed";
}
