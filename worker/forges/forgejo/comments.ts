/**
 * Forgejo and Gitea: comments on issues and pull requests, which are issues there too.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Comment, CommentPlace, Comments, Forged, Issue } from "../forge.ts";
import { askMaybe } from "../forge-request.ts";
import { type ForgejoClient, User } from "./client.ts";

const CommentBody = z.object({
  body: z.string(),
  user: User.nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  issue_url: z.string().default(""),
  pull_request_url: z.string().default(""),
});
const Opening = z.object({ user: User.nullable(), body: z.string() });

/** Accounts that Actions and deleted users write as. */
const NOBODY = ["ghost", "forgejo-actions", "gitea-actions"];

export function forgejoComments({ caller, root }: ForgejoClient): Comments {
  return {
    async comment({ number, id }: CommentPlace): Forged<Comment | undefined> {
      const given = await askMaybe(caller, { path: `${root}/issues/comments/${id}` }, CommentBody);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      const { body, user, created_at, updated_at, issue_url, pull_request_url } = given.value;
      // It names the one that it is.
      if (![issue_url, pull_request_url].some((url) => url.endsWith(`/${number}`))) return ok(undefined);
      const author = user?.login ?? "";
      const bot = NOBODY.includes(author.toLowerCase()) || author === "";
      return ok({ author, bot, body, createdAt: created_at, edited: created_at !== updated_at });
    },

    async opening({ number }: CommentPlace): Forged<Pick<Issue, "author" | "body"> | undefined> {
      const given = await askMaybe(caller, { path: `${root}/issues/${number}` }, Opening);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ author: given.value.user?.login ?? "", body: given.value.body });
    },
  };
}
