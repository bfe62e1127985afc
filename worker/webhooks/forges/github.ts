/**
 * GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads
 *
 * Forgejo and Gitea send the same shapes under their own names; `forgejo.ts` reads them with this.
 *
 * @module
 */
import { z } from "zod";
import {
  type ForgeMessage,
  type ForgeReader,
  hmacHolds,
  MAX_COMMENT,
  movementOf,
  Numbered,
  Ref,
  RepositoryId,
  Sha,
  Tag,
  Time,
  Words,
} from "./message.ts";

const Repository = z.object({
  id: RepositoryId,
  clone_url: z.string().max(2048).optional(),
  html_url: z.string().max(2048).optional(),
});
const Base = z.object({ repository: Repository });

const Release = Base.extend({
  action: z.string(),
  release: z.object({
    tag_name: Tag,
    draft: z.boolean().default(false),
    prerelease: z.boolean().default(false),
    name: Words,
    html_url: Words,
    published_at: Time,
    author: z.object({ login: Words }).nullish(),
  }),
});
const Create = Base.extend({ ref: Ref, ref_type: z.string() });
const Push = Base.extend({
  ref: Ref,
  after: Sha,
  head_commit: z.object({ id: Sha }).nullish(),
  commits: z.array(z.object({ id: Sha })).default([]),
});

const Commented = Base.extend({
  action: z.string(),
  issue: z.object({ number: Numbered, pull_request: z.unknown().optional() }),
  comment: z.object({ id: Numbered, body: z.string().max(MAX_COMMENT) }),
});

const Word = z.string().max(64).catch("");
const Acted = z.object({ action: Word, state: Word });

/** Actions of a release event that make it public or change what kind it is. */
const PUBLISHED = ["published", "released", "prereleased", "edited", "updated"];

export const github: ForgeReader = {
  deliveryId: (headers) => headers.get("x-github-delivery") ?? undefined,
  signed: (secret, headers, body) =>
    hmacHolds(secret, /^sha256=([0-9a-f]{64})$/i.exec(headers.get("x-hub-signature-256") ?? "")?.[1], body),
  read: (headers, body) => readEvent(headers.get("x-github-event") ?? "", body),
};

export function readEvent(event: string, body: unknown): ForgeMessage | undefined {
  const base = Base.safeParse(body).data;
  if (base === undefined) return event === "ping" ? { repository: [], says: nothing("a ping") } : undefined;
  const { id, clone_url, html_url } = base.repository;
  const says = readWords(event, body, id);
  return says === undefined
    ? undefined
    : { repository: [clone_url, html_url].filter((url) => url !== undefined), says };
}

function readWords(event: string, body: unknown, repositoryId: string): ForgeMessage["says"] | undefined {
  switch (event) {
    case "release": {
      const told = Release.safeParse(body).data;
      if (told === undefined) return undefined;
      const { release } = told;
      if (release.draft || !PUBLISHED.includes(told.action)) return nothing(`release ${told.action}`);
      const about = {
        prerelease: release.prerelease,
        ...(release.name === undefined ? {} : { title: release.name }),
        ...(release.html_url === undefined ? {} : { url: release.html_url }),
        ...(release.published_at === undefined ? {} : { publishedAt: release.published_at }),
        ...(release.author?.login === undefined ? {} : { author: release.author.login }),
      };
      return { kind: "movement", movement: { kind: "release", tag: release.tag_name, repositoryId, about } };
    }
    case "create": {
      const told = Create.safeParse(body).data;
      if (told === undefined) return undefined;
      const tag = Tag.safeParse(told.ref.replace(/^refs\/tags\//, "")).data;
      if (told.ref_type !== "tag" || tag === undefined) return nothing(`a created ${told.ref_type}`);
      return { kind: "movement", movement: { kind: "tag", tag, repositoryId, commit: undefined } };
    }
    case "push": {
      const told = Push.safeParse(body).data;
      if (told === undefined) return undefined;
      const passed = told.commits.map((commit) => commit.id);
      return movementOf(told.ref, { after: told.after, commit: told.head_commit?.id, passed, repositoryId });
    }
    case "issue_comment": {
      const told = Commented.safeParse(body).data;
      if (told === undefined) return undefined;
      if (told.action !== "created") return nothing(`a comment ${told.action}`);
      const { issue, comment } = told;
      const on = issue.pull_request === undefined || issue.pull_request === null ? "issue" : "pull";
      return { kind: "comment", place: { on, number: issue.number, id: comment.id }, body: comment.body };
    }
    case "pull_request":
    case "workflow_run":
    case "workflow_job":
      return { kind: "progress" };
    case "check_run":
    case "check_suite": {
      // There are three of each check: only its end can change anything.
      const { action } = Acted.parse(body);
      return action === "completed" ? { kind: "progress" } : nothing(`${event} ${action}`);
    }
    case "status": {
      const { state } = Acted.parse(body);
      return state === "pending" ? nothing("a pending status") : { kind: "progress" };
    }
    default:
      return nothing(`'${event.slice(0, 64)}' events`);
  }
}

function nothing(why: string): ForgeMessage["says"] {
  return { kind: "nothing", why };
}
