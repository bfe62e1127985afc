/**
 * GitHub's answers: as much of each as is used, and what it means.
 *
 * @module
 */
import { z } from "zod";
import type { CommitCheck, Issue, Pull, Run } from "./forge.ts";

export const Repository = z.object({
  id: z.number(),
  full_name: z.string(),
  html_url: z.string(),
  clone_url: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  owner: z.object({ id: z.number() }),
  permissions: z.object({ push: z.boolean() }).optional(),
});
export const Parent = z.object({
  full_name: z.string(),
  clone_url: z.string(),
  html_url: z.string(),
  default_branch: z.string(),
});
export const User = z.object({ login: z.string() });
export const RunBody = z.object({
  id: z.number(),
  html_url: z.string(),
  name: z.string().nullish(),
  display_title: z.string().nullish(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  created_at: z.string(),
});
export const Dispatched = z.object({ workflow_run_id: z.number(), html_url: z.string() });
export const PullBody = z.object({
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
export const IssueBody = z.object({
  number: z.number(),
  html_url: z.string(),
  state: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  user: User.nullable(),
  pull_request: z.unknown().optional(),
});
export const Statuses = z.object({
  statuses: z.array(z.object({ context: z.string(), state: z.string(), target_url: z.string().nullish() })),
});
export const CheckRuns = z.object({
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
export const Ref = z.object({ object: z.object({ sha: z.string() }) });
export const File = z.object({ type: z.literal("file"), sha: z.string(), content: z.string() });

export function runOf(run: z.infer<typeof RunBody>): Run {
  return {
    id: String(run.id),
    url: run.html_url,
    name: run.display_title ?? run.name ?? "",
    status: runStatus(run.status, run.conclusion),
    createdAt: run.created_at,
  };
}

function runStatus(status: string | null, conclusion: string | null): Run["status"] {
  if (status !== "completed") return status === "in_progress" ? "running" : "queued";
  if (conclusion === "success") return "succeeded";
  return conclusion === "cancelled" ? "cancelled" : "failed";
}

export function checkState(status: string, conclusion: string | null): CommitCheck["state"] {
  if (status !== "completed") return "pending";
  return conclusion === "success" || conclusion === "neutral" || conclusion === "skipped" ? "succeeded" : "failed";
}

export function pullOf(pull: z.infer<typeof PullBody>): Pull {
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

export function issueOf(issue: z.infer<typeof IssueBody>): Issue {
  return {
    number: issue.number,
    url: issue.html_url,
    state: issue.state === "open" ? "open" : "closed",
    title: issue.title,
    body: issue.body ?? "",
    author: issue.user?.login ?? "",
  };
}
