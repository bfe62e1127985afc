/**
 * Performs one effect from the outbox.
 *
 * @module
 */
import { outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { Settings } from "../platform/settings.ts";
import type { OutboxRow } from "../store/rows.ts";
import { discordMessage, type Notification } from "./discord.ts";

export type EffectFailure = {
  message: string;
  /** False when trying again cannot help. */
  again: boolean;
  retryAfterSeconds?: number | undefined;
};

/** Sends the effect; the outbox's id makes it one however often it is tried. */
export async function performEffect(effect: OutboxRow, settings: Settings): Promise<Result<void, EffectFailure>> {
  switch (effect.kind) {
    case "notify.discord":
      return notifyDiscord(effect, settings);
  }
}

async function notifyDiscord(effect: OutboxRow, settings: Settings): Promise<Result<void, EffectFailure>> {
  if (settings.discordWebhookUrl === undefined)
    return fail({
      message: "the stack's policy notifies Discord, but the secret DISCORD_WEBHOOK_URL is not set",
      again: false,
    });
  const text = JSON.stringify(discordMessage(effect.payload as Notification));
  const body = Uint8Array.from(new TextEncoder().encode(text));
  const sent = await outboundFetch(
    settings.discordWebhookUrl,
    { method: "POST", headers: { "content-type": "application/json" }, body },
    { allowLocal: settings.allowLocal },
  );
  if (sent.ok) return ok(undefined);
  const { status, message, retryAfterSeconds, code } = sent.failure;
  // A refused address or message stays refused; rate limits and outages pass.
  const permanent =
    code === "bad_url" ||
    code === "forbidden_address" ||
    (status !== undefined && status < 500 && status !== 429 && status !== 408);
  return fail({ message: `Discord: ${message}`, again: !permanent, retryAfterSeconds });
}
