/**
 * GitHub: issues.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged, Issue, Issues, Repository } from "../forge.ts";
import { type GithubClient, PAGE, User } from "./client.ts";

const IssueBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  user: User.nullable(),
  pull_request: z.unknown().optional(),
});

/** `login` tells the login whose issues are listed. */
export function githubIssues(client: GithubClient, login: Repository["self"]): Issues {
  return {
    async ownIssues(): Forged<Issue[]> {
      const self = await login();
      if (!self.ok) return self;
      const params = { creator: self.value, state: "open" as const, per_page: PAGE };
      const given = await client.ask(
        "GET /repos/{owner}/{repo}/issues",
        params,
        { issues: "read" },
        z.array(IssueBody),
      );
      return given.ok ? ok(given.value.filter((issue) => issue.pull_request === undefined).map(issueOf)) : given;
    },

    async createIssue(issue: { title: string; body: string }): Forged<Issue> {
      const given = await client.ask("POST /repos/{owner}/{repo}/issues", issue, { issues: "write" }, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    async updateIssue(number: number, change: { title?: string; body?: string; state?: "closed" }): Forged<Issue> {
      const route = "PATCH /repos/{owner}/{repo}/issues/{issue_number}";
      const given = await client.ask(route, { issue_number: number, ...change }, { issues: "write" }, IssueBody);
      return given.ok ? ok(issueOf(given.value)) : given;
    },

    commentOnIssue(number: number, body: string): Forged<void> {
      const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
      return client.tell(route, { issue_number: number, body }, { issues: "write" });
    },
  };
}

function issueOf(issue: z.infer<typeof IssueBody>): Issue {
  return {
    number: issue.number,
    url: issue.html_url,
    state: issue.state === "open" ? "open" : "closed",
    title: issue.title,
    body: issue.body ?? "",
    author: issue.user?.login ?? "",
  };
}
