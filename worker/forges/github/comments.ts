/**
 * GitHub: comments on issues and pull requests, which are issues there too.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Comment, CommentPlace, Comments, Forged, Issue } from "../forge.ts";
import { type GithubClient, User } from "./client.ts";

const CommentBody = z.object({
  body: z.string().nullish(),
  user: User.extend({ type: z.string() }).nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  issue_url: z.string(),
});
const Opening = z.object({ user: User.nullable(), body: z.string().nullish() });

export function githubComments(client: GithubClient): Comments {
  return {
    async comment({ number, id }: CommentPlace): Forged<Comment | undefined> {
      const route = "GET /repos/{owner}/{repo}/issues/comments/{comment_id}";
      const given = await client.maybe(
        route,
        { comment_id: id },
        { issues: "read", pull_requests: "read" },
        CommentBody,
      );
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      const { body, user, created_at, updated_at, issue_url } = given.value;
      if (!issue_url.endsWith(`/${number}`)) return ok(undefined);
      const author = user?.login ?? "";
      const bot = user?.type !== "User" || author.endsWith("[bot]");
      return ok({ author, bot, body: body ?? "", createdAt: created_at, edited: created_at !== updated_at });
    },

    async opening({ number }: CommentPlace): Forged<Pick<Issue, "author" | "body"> | undefined> {
      const route = "GET /repos/{owner}/{repo}/issues/{issue_number}";
      const given = await client.maybe(
        route,
        { issue_number: number },
        { issues: "read", pull_requests: "read" },
        Opening,
      );
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ author: given.value.user?.login ?? "", body: given.value.body ?? "" });
    },
  };
}
