/**
 * GitHub: pull requests.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Pull, PullRequest, Pulls } from "../forge.ts";
import { type GithubClient, PAGE, type Params, User } from "./client.ts";

/** Pages of open pull requests into one branch that are looked through. */
const PAGES = 3;

const PullBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  merged_at: z.string().nullable(),
  draft: z.boolean().optional(),
  title: z.string(),
  body: z.string().nullable(),
  user: User.nullable(),
  head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
  base: z.object({ ref: z.string(), repo: z.object({ full_name: z.string() }) }),
});

export function githubPulls(client: GithubClient): Pulls {
  const list = async (query: Params<"GET /repos/{owner}/{repo}/pulls">): Forged<Pull[]> => {
    const params = { ...query, sort: "created" as const, direction: "desc" as const, per_page: PAGE };
    const given = await client.ask(
      "GET /repos/{owner}/{repo}/pulls",
      params,
      { pull_requests: "read" },
      z.array(PullBody),
    );
    return given.ok ? ok(given.value.map(pullOf)) : given;
  };
  return {
    async openPulls(base: string): Forged<Pull[]> {
      const all: Pull[] = [];
      for (let page = 1; page <= PAGES; page++) {
        const given = await list({ base, state: "open", page });
        if (!given.ok) return given;
        all.push(...given.value);
        if (given.value.length < PAGE) break;
      }
      return ok(all);
    },

    pullsOf(head: string): Forged<Pull[]> {
      return list({ head: `${client.repository.owner}:${head}`, state: "all" });
    },

    async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
      const params = { title, body, head, base, draft, maintainer_can_modify: false };
      const given = await client.ask("POST /repos/{owner}/{repo}/pulls", params, { pull_requests: "write" }, PullBody);
      return given.ok ? ok(pullOf(given.value)) : given;
    },

    async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
      const route = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}";
      const given = await client.ask(route, { pull_number: number, ...change }, { pull_requests: "write" }, PullBody);
      return given.ok ? ok(pullOf(given.value)) : given;
    },

    commentOnPull(number: number, body: string): Forged<void> {
      const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
      return client.tell(route, { issue_number: number, body }, { pull_requests: "write" });
    },
  };
}

function pullOf(pull: z.infer<typeof PullBody>): Pull {
  return {
    number: pull.number,
    url: pull.html_url,
    state: pull.merged_at !== null ? "merged" : pull.state,
    draft: pull.draft ?? false,
    title: pull.title,
    body: pull.body ?? "",
    author: pull.user?.login ?? "",
    head: { branch: pull.head.ref, oid: pull.head.sha, here: pull.head.repo?.full_name === pull.base.repo.full_name },
    base: pull.base.ref,
  };
}
