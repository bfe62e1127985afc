/**
 * Performs one effect from the outbox. Handing work to a surface is not among them: what comes of it
 * goes back to the attempt machine (`durable-objects/outbox-drain.ts`).
 *
 * @module
 */

import type { Reason } from "../contract/primitives.ts";
import { NotifyTarget } from "../contract/stack.ts";
import { cancelHandOut, type Dispatching } from "../dispatch/hand-over.ts";
import type { Notification } from "../notify/message.ts";
import { sendNotification } from "../notify/send.ts";
import { ok, type Result } from "../platform/result.ts";
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
    case "notify.slack":
    case "notify.webhook":
    case "notify.email": {
      const target = NotifyTarget.parse(effect.kind.slice("notify.".length));
      // The machine made it; no other program writes it.
      return quietly(await sendNotification(target, effect.id, effect.payload as Notification, settings));
    }
    case "dispatch.cancel":
      return quietly(await cancelHandOut(dispatching, effect));
    case "review":
      return performReview(dispatching.db, effect.payload, dispatching.context);
  }
}

function quietly(done: Result<void, EffectFailure>): Performed {
  return done.ok ? ok(undefined) : done;
}
