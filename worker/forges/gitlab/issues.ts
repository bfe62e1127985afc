/**
 * GitLab: issues.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Issue, Issues } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import { changeOf, defused, type GitlabClient, PAGE } from "./client.ts";

const IssueBody = z.object({
  iid: z.number(),
  web_url: z.string(),
  state: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  author: z.object({ username: z.string() }),
});

export function gitlabIssues({ caller, root }: GitlabClient): Issues {
  return {
    async ownIssues(): Forged<Issue[]> {
      const query = { state: "opened", scope: "created_by_me", per_page: PAGE.size };
      const given = await askForge(caller, { path: `${root}/issues`, query }, z.array(IssueBody));
      return given.ok ? ok(given.value.map(issueOf)) : given;
    },

    async createIssue({ title, body }: { title: string; body: string }): Forged<Issue> {
      const request = { title, description: defused(body) };
      const given = await askForge(caller, { method: "POST", path: `${root}/issues`, body: request }, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
      const ask = { method: "PUT" as const, path: `${root}/issues/${number}`, body: changeOf(change) };
      const given = await askForge(caller, ask, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    commentOnIssue(number: number, body: string): Forged<void> {
      const path = `${root}/issues/${number}/notes`;
      return tellForge(caller, { method: "POST", path, body: { body: defused(body) } });
    },
  };
}

function issueOf({ iid, web_url, state, title, description, author }: z.infer<typeof IssueBody>): Issue {
  const open = state === "opened" ? ("open" as const) : ("closed" as const);
  return { number: iid, url: web_url, state: open, title, body: description ?? "", author: author.username };
}
