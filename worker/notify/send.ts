/**
 * Sends a notification to one kind of target: what is asked of the deployment's settings, and the request.
 *
 * @module
 */

import type { NotifyTarget } from "../contract/stack.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";
import { outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { Settings } from "../platform/settings.ts";
import { discordBody } from "./discord.ts";
import { emailBody } from "./email.ts";
import { linkOf, messageOf, type Notification } from "./message.ts";
import { slackBody } from "./slack.ts";
import { webhookBody } from "./webhook.ts";

export type SendFailure = { message: string; again: boolean; retryAfterSeconds?: number | undefined };

type Call = { url: string; body: unknown; headers?: Record<string, string>; secret?: string | undefined };

/** Sends it. `id` is the same however often it is tried, so that a receiver can tell. */
export async function sendNotification(
  target: NotifyTarget,
  id: string,
  notification: Notification,
  settings: Settings,
): Promise<Result<void, SendFailure>> {
  const call = TARGETS[target](notification, settings);
  if (typeof call === "string")
    return fail({ message: `the stack's policy notifies ${target}, but ${call} is not set`, again: false });
  const body = Uint8Array.from(new TextEncoder().encode(JSON.stringify(call.body)));
  const signed = call.secret === undefined ? {} : await signWebhook(call.secret, id, body, Date.now());
  const sent = await outboundFetch(
    call.url,
    { method: "POST", headers: { "content-type": "application/json", ...call.headers, ...signed }, body },
    { allowLocal: settings.allowLocal },
  );
  if (sent.ok) return ok(undefined);
  const { status, message, retryAfterSeconds, code } = sent.failure;
  // A refused address or message stays refused; rate limits and outages pass.
  const permanent =
    code === "bad_url" ||
    code === "forbidden_address" ||
    (status !== undefined && status < 500 && status !== 429 && status !== 408);
  return fail({ message: `${target}: ${message}`, again: !permanent, retryAfterSeconds });
}

/** The call of each target, or the name of the setting that it lacks. */
const TARGETS: Readonly<Record<NotifyTarget, (n: Notification, settings: Settings) => Call | string>> = {
  discord: (n, { discordWebhookUrl: url, publicOrigin }) =>
    url === undefined ? "DISCORD_WEBHOOK_URL" : { url, body: discordBody(messageOf(n, publicOrigin), n.at) },
  slack: (n, { slackWebhookUrl: url, publicOrigin }) =>
    url === undefined ? "SLACK_WEBHOOK_URL" : { url, body: slackBody(messageOf(n, publicOrigin)) },
  webhook: (n, { notifyWebhook, publicOrigin }) =>
    notifyWebhook === undefined
      ? "NOTIFY_WEBHOOK_URL or NOTIFY_WEBHOOK_SECRET"
      : {
          url: notifyWebhook.url,
          secret: notifyWebhook.secret,
          body: webhookBody(n, linkOf(n, publicOrigin)),
        },
  email: (n, { email, publicOrigin }) =>
    email === undefined
      ? "one of EMAIL_API_URL, EMAIL_API_KEY, EMAIL_FROM and EMAIL_TO"
      : {
          url: email.apiUrl,
          headers: { authorization: `Bearer ${email.apiKey}` },
          body: emailBody(messageOf(n, publicOrigin), email.from, email.to),
        },
};
