/**
 * `POST /webhooks/forge/:sourceId`: what a forge says of upstream or of a fork, as soon as it happens.
 *
 * Polling goes on beside it: a webhook that was lost costs time, not a release.
 *
 * @module
 */
import type { Context } from "hono";
import { type AppEnv, router, withinRate } from "../api/http.ts";
import { stackObject } from "../api/object.ts";
import { isOfAnotherKey, webhookSecret } from "../auth/derived-keys.ts";
import { sha256Hex } from "../auth/digest.ts";
import { driverContext } from "../dispatch/dispatching.ts";
import { type CommentPlace, passes } from "../forges/forge.ts";
import { openForge } from "../forges/open-forge.ts";
import { repositoryOf } from "../intake/repository.ts";
import { takeTold } from "../intake/take-told.ts";
import { log } from "../platform/log.ts";
import { commentCommand } from "../review/comment-command.ts";
import { findAnswer, keepAnswer } from "../store/answers.ts";
import { type FeedSourceRow, findSource, followersOf } from "../store/feed-sources.ts";
import { findStack } from "../store/stacks.ts";
import { readAsked } from "./forge-comment.ts";
import { forgejo } from "./forges/forgejo.ts";
import { github } from "./forges/github.ts";
import { gitlab } from "./forges/gitlab.ts";
import type { ForgeReader } from "./forges/message.ts";
import { ANOTHER_KEY, parseBody, readBody, signingKey, unauthenticated } from "./runner-answer.ts";

/** GitHub sends up to 25 MB; what concerns us is far below. */
const MAX_WEBHOOK_BODY = 4 * 1024 * 1024;

type Answer = {
  /** `later` is answered with 503, so that it comes again. */
  status: "accepted" | "ignored" | "duplicate" | "later";
  why?: string;
  eventIds?: string[];
  attemptIds?: string[];
};

export const forgeWebhookApi = router();

forgeWebhookApi.post("/webhooks/forge/:sourceId", async (c) => {
  const body = await readBody(c, MAX_WEBHOOK_BODY);
  const key = signingKey(c);
  const { headers } = c.req.raw;
  const sourceId = c.req.param("sourceId");
  const reader = readerFor(headers);
  const source = await findSource(c.var.db, sourceId);
  if (reader === undefined || source === undefined || source.webhookKeyId === null)
    return unauthenticated(c, `${sourceId}: no such webhook`);
  const secret = await webhookSecret(key, source.id, source.webhookKeyId);
  if (!(await reader.signed(secret, headers, body))) {
    const why = (await isOfAnotherKey(key, source.webhookKeyId)) ? ANOTHER_KEY : "bad_signature";
    return unauthenticated(c, `${sourceId}: ${why}`);
  }
  // Once it is known who sends: a stranger must not use up what the forge has. Polling finds what is refused here.
  await withinRate(c, "SOURCE_LIMIT", `webhook:${sourceId}`, `webhooks for '${sourceId}'`);
  const delivery = reader.deliveryId(headers);
  // The signature covers the body alone: a delivery is known by both, and whatever it does is safe to do twice.
  const once = delivery === undefined ? undefined : `webhook:${sourceId}:${delivery.slice(0, 200)}`;
  const requestHash = await sha256Hex(body);
  const before = once === undefined ? undefined : await findAnswer(c.var.db, once);
  if (before?.requestHash === requestHash) return c.json({ ...(before.body as Answer), status: "duplicate" }, 200);
  const answer = await take(c, reader, source, headers, parseBody(body));
  if (answer.status === "later") {
    log("warn", "webhook.received", { sourceId, ...answer });
    c.header("retry-after", "60");
    return c.json({ error: { code: "forge_unavailable", message: answer.why } }, 503);
  }
  if (once !== undefined)
    await keepAnswer(c.var.db, {
      key: once,
      requestHash,
      status: 202,
      body: answer,
      at: new Date().toISOString(),
    });
  log("info", "webhook.received", { sourceId, ...answer });
  return c.json(answer, 202);
});

async function take(
  c: Context<AppEnv>,
  reader: ForgeReader,
  source: FeedSourceRow,
  headers: Headers,
  body: unknown,
): Promise<Answer> {
  const message = reader.read(headers, body);
  if (message === undefined) return { status: "ignored", why: "not in a form that is known" };
  if (message.says.kind === "nothing") return { status: "ignored", why: message.says.why };
  const about = message.repository.map(place);
  if (message.says.kind === "progress") return progress(c, source, about);
  if (message.says.kind === "comment") return comment(c, source, about, message.says);
  const upstream = repositoryOf(source.config);
  if (upstream === undefined || !about.includes(place(upstream)))
    return { status: "ignored", why: "not about the repository that this source follows" };
  if (!source.config.enabled) return { status: "ignored", why: "the source is disabled" };
  const taken = await takeTold(c.env, source, message.says.movement, new Date().toISOString());
  return taken.ok ? { status: "accepted", eventIds: taken.value.eventIds } : { status: "ignored", why: taken.failure };
}

/** Something happened in a fork: the attempts that may wait for it look now, at their surface or at the checks. */
async function progress(c: Context<AppEnv>, source: FeedSourceRow, about: string[]): Promise<Answer> {
  const stacks = await followersOf(c.var.db, source.id);
  const attemptIds: string[] = [];
  for (const { stackId, config } of stacks.filter((stack) => about.includes(place(stack.config.fork?.url ?? "")))) {
    const attemptId = (await findStack(c.var.db, stackId))?.currentAttemptId ?? undefined;
    if (attemptId === undefined) continue;
    const told = await stackObject(c.env, stackId).poke(stackId, "all");
    if (told.ok) attemptIds.push(attemptId);
    else log("warn", "callback.refused", { path: c.req.path, attemptId, why: told.code, driver: config.policy.driver });
  }
  if (attemptIds.length > 0) return { status: "accepted", attemptIds };
  return { status: "ignored", why: "no stack of this source with this fork has an attempt open" };
}

/** Somebody asks for something in a fork. */
async function comment(
  c: Context<AppEnv>,
  source: FeedSourceRow,
  about: string[],
  { place: where, body }: { place: CommentPlace; body: string },
): Promise<Answer> {
  if (commentCommand(body) === undefined) return { status: "ignored", why: "a comment that asks for nothing" };
  const stacks = (await followersOf(c.var.db, source.id)).filter(({ config }) =>
    about.includes(place(config.fork?.url ?? "")),
  );
  const [fork] = stacks.flatMap(({ config }) => config.fork ?? []);
  if (fork === undefined) return { status: "ignored", why: "no stack of this source has this fork" };
  const forge = await openForge(fork, driverContext(c.var.db, c.env));
  if (!forge.ok) return { status: passes(forge.failure) ? "later" : "ignored", why: forge.failure.message };
  const asked = await readAsked(forge.value, where, body, Date.now());
  if (!asked.ok) return { status: asked.failure.later ? "later" : "ignored", why: asked.failure.why };
  const { stackId, attemptId, author, command } = asked.value;
  if (!stacks.some((stack) => stack.stackId === stackId))
    return { status: "ignored", why: `stack '${stackId}' is not fed by this source` };
  const { host } = new URL(forge.value.webUrl);
  const answer = await stackObject(c.env, stackId).comment(stackId, {
    attemptId,
    command,
    actor: `${author}@${host}`,
    place: where,
    forge: forge.value.webUrl,
  });
  if (answer.ok || !["storage_unavailable", "overloaded"].includes(answer.code))
    return { status: "accepted", attemptIds: [attemptId] };
  return { status: "later", why: answer.message };
}

/** Forgejo writes GitHub's and Gitea's headers beside its own: its own decide. */
function readerFor(headers: Headers): ForgeReader | undefined {
  if (headers.has("x-forgejo-event") || headers.has("x-gitea-event")) return forgejo;
  if (headers.has("x-gitlab-event")) return gitlab;
  return headers.has("x-github-event") ? github : undefined;
}

/** Host and path of a repository, however its address is written. */
function place(address: string): string {
  const text = address.replace(/^git\+/, "");
  if (!URL.canParse(text)) return text;
  const { host, hostname, pathname, protocol } = new URL(text);
  const web = protocol === "http:" || protocol === "https:";
  const path = pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  return `${web ? host : hostname}${path}`.toLowerCase();
}
