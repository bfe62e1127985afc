/**
 * GitHub: commit statuses, check runs, and the suites that the runs belong to.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Checks, CommitCheck, CommitStatus, Forged } from "../forge.ts";
import { tooMany } from "../forge-request.ts";
import { type GithubClient, PAGE } from "./client.ts";

const Statuses = z.object({
  statuses: z.array(z.object({ context: z.string(), state: z.string(), target_url: z.string().nullish() })),
});
const App = z.object({ slug: z.string().optional(), name: z.string().optional() }).nullish();
const CheckRuns = z.object({
  check_runs: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      conclusion: z.string().nullable(),
      html_url: z.string().nullish(),
    }),
  ),
});
const CheckSuites = z.object({
  check_suites: z.array(
    z.object({
      status: z.string().nullable(),
      conclusion: z.string().nullable(),
      latest_check_runs_count: z.number(),
      app: App,
    }),
  ),
});

/** Pages of each list that are looked through. */
const PAGES = 5;

/** App of GitHub's own Actions: its suites are runs of workflows. */
const ACTIONS = "github-actions";

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
      const commit = { ref: oid, per_page: PAGE };
      const statuses = await everyPage(async (page) => {
        const route = "GET /repos/{owner}/{repo}/commits/{ref}/status";
        const given = await client.ask(route, { ...commit, page }, { statuses: "read" }, Statuses);
        return given.ok ? ok(given.value.statuses) : given;
      });
      if (!statuses.ok) return statuses;
      const runs = await everyPage(async (page) => {
        const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
        const given = await client.ask(route, { ...commit, page }, { checks: "read" }, CheckRuns);
        return given.ok ? ok(given.value.check_runs) : given;
      });
      if (!runs.ok) return runs;
      const suites = await everyPage(async (page) => {
        const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-suites";
        const given = await client.ask(route, { ...commit, page }, { checks: "read" }, CheckSuites);
        return given.ok ? ok(given.value.check_suites) : given;
      });
      if (!suites.ok) return suites;
      return ok([
        ...statuses.value.map(({ context, state, target_url }) => ({
          name: context,
          state: statusState(state),
          ...urlOf(target_url),
        })),
        ...runs.value.map(({ name, status, conclusion, html_url }) => ({
          name,
          state: checkState(status, conclusion),
          ...urlOf(html_url),
        })),
        ...suites.value.flatMap(suiteCheck),
      ]);
    },
  };

  async function everyPage<T>(page: (number: number) => Forged<T[]>): Forged<T[]> {
    const all: T[] = [];
    for (let number = 1; number <= PAGES; number++) {
      const given = await page(number);
      if (!given.ok) return given;
      all.push(...given.value);
      if (given.value.length < PAGE) return ok(all);
    }
    return tooMany(client.host, PAGES * PAGE);
  }
}

/**
 * Jobs that wait for others are no check runs yet, and a workflow that could not start has none at all: only
 * its suite tells. Suites of other apps are made for every commit, whether the app does anything or not.
 */
function suiteCheck({ status, conclusion, latest_check_runs_count, app }: Suite): CommitCheck[] {
  const isActions = app?.slug === ACTIONS;
  if (!isActions && latest_check_runs_count === 0) return [];
  const state = checkState(status ?? "queued", conclusion);
  // What its runs say is said already.
  return state === "succeeded"
    ? []
    : [{ name: isActions ? "workflows of GitHub Actions" : `checks of ${app?.name ?? "an app"}`, state }];
}
type Suite = z.infer<typeof CheckSuites>["check_suites"][number];

function checkState(status: string, conclusion: string | null): CommitCheck["state"] {
  if (status !== "completed") return "pending";
  return conclusion === "success" || conclusion === "neutral" || conclusion === "skipped" ? "succeeded" : "failed";
}

function statusState(state: string): CommitCheck["state"] {
  if (state === "success") return "succeeded";
  return state === "pending" ? "pending" : "failed";
}

function urlOf(url: string | null | undefined): { url?: string } {
  return typeof url === "string" && url !== "" ? { url } : {};
}
