/**
 * Performs one effect from the outbox. Handing work to a surface is not among them: what comes of it
 * goes back to the attempt machine (`durable-objects/outbox-drain.ts`).
 *
 * @module
 */

import type { Reason } from "../contract/primitives.ts";
import { cancelHandOut, type Dispatching } from "../dispatch/hand-over.ts";
import { InstallationTokens } from "../forges/github-app.ts";
import { discordMessage, type Notification } from "../notify/discord.ts";
import { outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { Settings } from "../platform/settings.ts";
import { performReview } from "../review/perform-review.ts";
import type { OutboxRow } from "../store/rows.ts";

export type EffectFailure = {
  message: string;
  /** False when trying again cannot help. */
  again: boolean;
  retryAfterSeconds?: number | undefined;
};

/** What came of it; a reason where the attempt's timeline should say so. */
export type Performed = Result<Reason | undefined, EffectFailure>;

/** An effect that nothing waits for. */
export type PlainEffect = OutboxRow & { kind: Exclude<OutboxRow["kind"], "dispatch"> };

/** Sends the effect; the outbox's id makes it one however often it is tried. */
export async function performEffect(
  effect: PlainEffect,
  settings: Settings,
  dispatching: Dispatching,
): Promise<Performed> {
  switch (effect.kind) {
    case "notify.discord":
      return quietly(await notifyDiscord(effect, settings));
    case "dispatch.cancel":
      return quietly(await cancelHandOut(dispatching, effect));
    case "review": {
      const { outbound, credential, tokens = new InstallationTokens() } = dispatching.context;
      return performReview(dispatching.db, effect.payload, { outbound, credential, tokens });
    }
  }
}

function quietly(done: Result<void, EffectFailure>): Performed {
  return done.ok ? ok(undefined) : done;
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
