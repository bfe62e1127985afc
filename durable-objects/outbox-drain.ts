/**
 * Lets the stack's effects leave, one after another, after the commit that caused them.
 *
 * @module
 */

import { performEffect } from "../worker/notify/effects.ts";
import { log } from "../worker/platform/log.ts";
import type { Settings } from "../worker/platform/settings.ts";
import type { Database } from "../worker/store/database.ts";
import { dueEffects, settleEffect } from "../worker/store/outbox.ts";
import type { OutboxRow } from "../worker/store/rows.ts";

/** Tries before an effect becomes an operator's. With the waits below: a bit more than a day. */
const MAX_TRIES = 12;
const FIRST_WAIT_MS = 15_000;
const MAX_WAIT_MS = 4 * 3_600_000;
const PAGE = 20;

/** Sends what is due. `onDead` records an effect that was given up, before it is marked so. */
export async function drainOutbox(
  db: Database,
  settings: Settings,
  stackId: string,
  onDead: (effect: OutboxRow, message: string) => Promise<boolean>,
): Promise<void> {
  for (;;) {
    const due = await dueEffects(db, stackId, new Date().toISOString(), PAGE);
    for (const effect of due) await send(db, settings, effect, onDead);
    if (due.length < PAGE) return;
  }
}

async function send(
  db: Database,
  settings: Settings,
  effect: OutboxRow,
  onDead: (effect: OutboxRow, message: string) => Promise<boolean>,
): Promise<void> {
  const tries = effect.tries + 1;
  const fields = {
    stackId: effect.stackId,
    attemptId: effect.attemptId,
    effectId: effect.id,
    kind: effect.kind,
    tries,
  };
  const sent = await performEffect(effect, settings);
  if (sent.ok) {
    await settleEffect(db, effect.id, { status: "sent", tries, lastError: null });
    log("info", "outbox.sent", fields);
    return;
  }
  const { message, again, retryAfterSeconds } = sent.failure;
  if (again && tries < MAX_TRIES) {
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** effect.tries) * (0.8 + Math.random() * 0.4);
    const nextAt = new Date(Date.now() + Math.max(wait, (retryAfterSeconds ?? 0) * 1000)).toISOString();
    await settleEffect(db, effect.id, { tries, nextAt, lastError: message });
    log("warn", "outbox.retry", { ...fields, nextAt, error: message });
    return;
  }
  if (!(await onDead(effect, message))) return;
  await settleEffect(db, effect.id, { status: "dead", tries, lastError: message });
  log("error", "outbox.dead", { ...fields, error: message });
}
