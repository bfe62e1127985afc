/**
 * Lets the stack's effects leave, one after another, after the commit that caused them.
 *
 * @module
 */
import { log } from "../worker/platform/log.ts";
import { dueEffects, settleEffect } from "../worker/store/outbox.ts";
import type { OutboxRow } from "../worker/store/rows.ts";
import type { Ports } from "./ports.ts";

/** Tries before an effect becomes an operator's. With the waits below: a bit more than a day. */
const MAX_TRIES = 12;
const FIRST_WAIT_MS = 15_000;
const MAX_WAIT_MS = 4 * 3_600_000;
const PAGE = 20;

type DrainPorts = Pick<Ports, "db" | "now" | "random" | "perform">;

/** Records an effect that was given up; false when that could not be recorded. */
type OnDead = (effect: OutboxRow, message: string) => Promise<boolean>;

/** Sends what is due. */
export async function drainOutbox(ports: DrainPorts, stackId: string, onDead: OnDead): Promise<void> {
  for (;;) {
    const due = await dueEffects(ports.db, stackId, new Date(ports.now()).toISOString(), PAGE);
    for (const effect of due) await send(ports, effect, onDead);
    if (due.length < PAGE) return;
  }
}

async function send(ports: DrainPorts, effect: OutboxRow, onDead: OnDead): Promise<void> {
  const tries = effect.tries + 1;
  const fields = {
    stackId: effect.stackId,
    attemptId: effect.attemptId,
    effectId: effect.id,
    kind: effect.kind,
    tries,
  };
  const sent = await ports.perform(effect);
  if (sent.ok) {
    await settleEffect(ports.db, effect.id, { status: "sent", tries, lastError: null });
    log("info", "outbox.sent", fields);
    return;
  }
  const { message, again, retryAfterSeconds } = sent.failure;
  if (again && tries < MAX_TRIES) {
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** effect.tries) * (0.8 + ports.random() * 0.4);
    const nextAt = new Date(ports.now() + Math.max(wait, (retryAfterSeconds ?? 0) * 1000)).toISOString();
    await settleEffect(ports.db, effect.id, { tries, nextAt, lastError: message });
    log("warn", "outbox.retry", { ...fields, nextAt, error: message });
    return;
  }
  if (!(await onDead(effect, message))) return;
  await settleEffect(ports.db, effect.id, { status: "dead", tries, lastError: message });
  log("error", "outbox.dead", { ...fields, error: message });
}
