/**
 * GitLab: merge requests, which are what the others call pull requests.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Pull, PullRequest, Pulls } from "../forge.ts";
import { askForge, askPages, tellForge } from "../forge-request.ts";
import { changeOf, defused, type GitlabClient, PAGE } from "./client.ts";

const MergeRequest = z.object({
  iid: z.number(),
  web_url: z.string(),
  state: z.string(),
  draft: z.boolean().optional(),
  title: z.string(),
  description: z.string().nullable(),
  author: z.object({ username: z.string() }),
  source_branch: z.string(),
  target_branch: z.string(),
  source_project_id: z.number().nullable(),
  target_project_id: z.number(),
  sha: z.string().nullable(),
});

export function gitlabPulls({ caller, root }: GitlabClient): Pulls {
  const list = async (query: Record<string, string>): Forged<Pull[]> => {
    const ask = {
      path: `${root}/merge_requests`,
      query: { ...query, order_by: "created_at", sort: "desc", per_page: PAGE.size },
    };
    const given = await askPages(caller, ask, MergeRequest, PAGE);
    return given.ok ? ok(given.value.map(pullOf)) : given;
  };
  return {
    openPulls(base: string): Forged<Pull[]> {
      return list({ state: "opened", target_branch: base });
    },

    async pullsOf(head: string): Forged<Pull[]> {
      const given = await list({ state: "all", source_branch: head });
      return given.ok ? ok(given.value.filter((pull) => pull.head.here)) : given;
    },

    async createPull({ title, body, head, base, draft }: PullRequest): Forged<Pull> {
      const request = {
        title: draft ? `Draft: ${title}` : title,
        description: defused(body),
        source_branch: head,
        target_branch: base,
      };
      const ask = { method: "POST" as const, path: `${root}/merge_requests`, body: request };
      const given = await askForge(caller, ask, MergeRequest);
      return given.ok ? ok(pullOf(given.value)) : given;
    },

    async updatePull(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Pull> {
      const ask = { method: "PUT" as const, path: `${root}/merge_requests/${number}`, body: changeOf(change) };
      const given = await askForge(caller, ask, MergeRequest);
      return given.ok ? ok(pullOf(given.value)) : given;
    },

    commentOnPull(number: number, body: string): Forged<void> {
      const path = `${root}/merge_requests/${number}/notes`;
      return tellForge(caller, { method: "POST", path, body: { body: defused(body) } });
    },
  };
}

function pullOf(merge: z.infer<typeof MergeRequest>): Pull {
  return {
    number: merge.iid,
    url: merge.web_url,
    state: merge.state === "merged" ? "merged" : merge.state === "opened" ? "open" : "closed",
    draft: merge.draft ?? false,
    title: merge.title,
    body: merge.description ?? "",
    author: merge.author.username,
    head: {
      branch: merge.source_branch,
      oid: merge.sha ?? "",
      here: merge.source_project_id === merge.target_project_id,
    },
    base: merge.target_branch,
  };
}
