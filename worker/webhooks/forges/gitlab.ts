/**
 * GitLab: https://docs.gitlab.com/user/project/integrations/webhook_events/
 *
 * @module
 */
import { z } from "zod";
import { sameSecret } from "../../auth/digest.ts";
import { verifyWebhook } from "../../contract/standard-webhooks.ts";
import {
  type ForgeMessage,
  type ForgeReader,
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

const Project = z.object({
  id: RepositoryId,
  web_url: z.string().max(2048).optional(),
  git_http_url: z.string().max(2048).optional(),
});
const Base = z.object({ object_kind: z.string(), project: Project });
const Release = Base.extend({ action: z.string(), tag: Tag, name: Words, url: Words, released_at: Time });
const Push = Base.extend({
  ref: Ref,
  after: Sha,
  // The commit, where `after` is an annotated tag's own id.
  checkout_sha: Sha.nullish(),
  commits: z.array(z.object({ id: Sha })).default([]),
});

const Noted = Base.extend({
  object_attributes: z.object({
    id: Numbered,
    note: z.string().max(MAX_COMMENT),
    noteable_type: z.string(),
    action: z.string().optional(),
  }),
  merge_request: z.object({ iid: Numbered }).nullish(),
  issue: z.object({ iid: Numbered }).nullish(),
});

export const gitlab: ForgeReader = {
  deliveryId: (headers) =>
    headers.get("webhook-id") ?? headers.get("idempotency-key") ?? headers.get("x-gitlab-event-uuid") ?? undefined,
  signed: async (secret, headers, body) =>
    // Where the hook has a signing token, its signature decides and not the token beside it.
    headers.has("webhook-signature")
      ? (await verifyWebhook([secret], headers, body, Date.now())) === undefined
      : sameSecret(headers.get("x-gitlab-token") ?? "", secret),
  read: (_headers, body) => {
    const base = Base.safeParse(body).data;
    if (base === undefined) return undefined;
    const { id, web_url, git_http_url } = base.project;
    const says = readWords(base.object_kind, body, id);
    const repository = [web_url, git_http_url].filter((url) => url !== undefined);
    return says === undefined ? undefined : { repository, says };
  },
};

function readWords(kind: string, body: unknown, repositoryId: string): ForgeMessage["says"] | undefined {
  switch (kind) {
    case "release": {
      const told = Release.safeParse(body).data;
      if (told === undefined) return undefined;
      if (told.action !== "create" && told.action !== "update")
        return { kind: "nothing", why: `release ${told.action}` };
      const about = {
        ...(told.name === undefined ? {} : { title: told.name }),
        ...(told.url === undefined ? {} : { url: told.url }),
        ...(told.released_at === undefined ? {} : { publishedAt: told.released_at }),
      };
      return { kind: "movement", movement: { kind: "release", tag: told.tag, repositoryId, about } };
    }
    case "push":
    case "tag_push": {
      const told = Push.safeParse(body).data;
      if (told === undefined) return undefined;
      const passed = told.commits.map((commit) => commit.id);
      const commit = told.checkout_sha ?? undefined;
      return movementOf(told.ref, { after: told.after, commit, passed, repositoryId });
    }
    case "note": {
      const told = Noted.safeParse(body).data;
      if (told === undefined) return undefined;
      const { id, note, noteable_type, action } = told.object_attributes;
      // Older servers do not say; whether it was changed is asked in any case.
      if (action !== undefined && action !== "create") return { kind: "nothing", why: `a comment ${action}` };
      const on = noteable_type === "MergeRequest" ? "pull" : "issue";
      const iid = (on === "pull" ? told.merge_request : told.issue)?.iid;
      if (iid === undefined) return { kind: "nothing", why: `a comment on a ${noteable_type.slice(0, 64)}` };
      return { kind: "comment", place: { on, number: iid, id }, body: note };
    }
    case "merge_request":
    case "pipeline":
    case "build":
      return { kind: "progress" };
    default:
      return { kind: "nothing", why: `'${kind.slice(0, 64)}' events` };
  }
}
