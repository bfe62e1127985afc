/**
 * GitLab: notes on issues and merge requests.
 *
 * @module
 */
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Comment, CommentPlace, Comments, Forged, Issue } from "../forge.ts";
import { askMaybe } from "../forge-request.ts";
import type { GitlabClient } from "./client.ts";

const Author = z.object({ username: z.string() });
const Note = z.object({
  body: z.string(),
  author: Author,
  created_at: z.string(),
  updated_at: z.string(),
  system: z.boolean().default(false),
});
const Opening = z.object({ author: Author, description: z.string().nullish() });

/** Users that GitLab makes for access tokens of projects and groups. */
const TOKEN_USER = /^(?:project|group)_\d+_bot/;

export function gitlabComments({ caller, root }: GitlabClient): Comments {
  const pathOf = ({ on, number }: CommentPlace) => `${root}/${on === "pull" ? "merge_requests" : "issues"}/${number}`;
  return {
    async comment(place: CommentPlace): Forged<Comment | undefined> {
      const given = await askMaybe(caller, { path: `${pathOf(place)}/notes/${place.id}` }, Note);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      const { body, author, created_at, updated_at, system } = given.value;
      const bot = system || TOKEN_USER.test(author.username);
      return ok({ author: author.username, bot, body, createdAt: created_at, edited: created_at !== updated_at });
    },

    async opening(place: CommentPlace): Forged<Pick<Issue, "author" | "body"> | undefined> {
      const given = await askMaybe(caller, { path: pathOf(place) }, Opening);
      if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
      return ok({ author: given.value.author.username, body: given.value.description ?? "" });
    },
  };
}
