/**
 * Forgejo and Gitea: issues.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Issue, Issues, Repository } from "../forge.ts";
import { askForge, tellForge } from "../forge-request.ts";
import { type ForgejoClient, PAGE, User } from "./client.ts";

const IssueBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  title: z.string(),
  body: z.string(),
  user: User.nullable(),
});

/** `login` tells the login whose issues are listed. */
export function forgejoIssues({ caller, root }: ForgejoClient, login: Repository["self"]): Issues {
  return {
    async ownIssues(): Forged<Issue[]> {
      const self = await login();
      if (!self.ok) return self;
      const query = { type: "issues", state: "open", created_by: self.value, limit: PAGE.size };
      const given = await askForge(caller, { path: `${root}/issues`, query }, z.array(IssueBody));
      return given.ok ? ok(given.value.map(issueOf)) : given;
    },

    async createIssue(issue: { title: string; body: string }): Forged<Issue> {
      const given = await askForge(caller, { method: "POST", path: `${root}/issues`, body: issue }, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
      const ask = { method: "PATCH" as const, path: `${root}/issues/${number}`, body: change };
      const given = await askForge(caller, ask, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    commentOnIssue(number: number, body: string): Forged<void> {
      return tellForge(caller, { method: "POST", path: `${root}/issues/${number}/comments`, body: { body } });
    },
  };
}

function issueOf({ number, html_url, state, title, body, user }: z.infer<typeof IssueBody>): Issue {
  return { number, url: html_url, state, title, body, author: user?.login ?? "" };
}
