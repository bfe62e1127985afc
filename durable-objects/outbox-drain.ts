/**
 * Lets the stack's effects leave, one after another, after the commit that caused them.
 *
 * @module
 */
import type { Reason } from "../worker/contract/primitives.ts";
import type { DispatchAnswer } from "../worker/dispatch/driver.ts";
import { handOver } from "../worker/dispatch/hand-over.ts";
import type { PlainEffect } from "../worker/effects/perform.ts";
import type { Notification } from "../worker/notify/message.ts";
import { log } from "../worker/platform/log.ts";
import { dueEffects, foldEffects, postponeEffect, settleEffect, takeEffect } from "../worker/store/outbox.ts";
import type { OutboxRow } from "../worker/store/rows.ts";
import type { Ports } from "./ports.ts";

/** Tries before an effect becomes an operator's. With the waits below: a bit more than a day. */
const MAX_TRIES = 12;
const FIRST_WAIT_MS = 15_000;
const MAX_WAIT_MS = 4 * 3_600_000;
const PAGE = 20;

/** So long a hand-over is left alone by an instance that finds it under way. */
const HELD_MS = 150_000;

/** Longest time that a driver takes to hand over; one that could not begin so long before the hold ends does not. */
const LONGEST_HAND_OVER_MS = 60_000;

type DrainPorts = Pick<Ports, "db" | "now" | "random" | "perform" | "dispatching">;

/** What the stack's keeper records; each gives false when that could not be recorded. */
export type Recording = {
  /** An effect was given up. */
  dead: (effect: OutboxRow, message: string) => Promise<boolean>;
  /** An effect left, and the attempt's timeline should say what came of it. */
  told: (effect: OutboxRow, reason: Reason) => Promise<boolean>;
  /** A surface answered a hand-over. */
  answered: (effect: OutboxRow, answer: DispatchAnswer) => Promise<boolean>;
};

/** Sends what is due. */
export async function drainOutbox(ports: DrainPorts, stackId: string, recording: Recording): Promise<void> {
  for (;;) {
    const due = await dueEffects(ports.db, stackId, new Date(ports.now()).toISOString(), PAGE);
    for (const effect of due) {
      if (!isPlain(effect)) await handOn(ports, effect, recording);
      else if (isGrouped(effect)) await sendTogether(ports, effect, due, recording);
      else await send(ports, effect, recording);
    }
    if (due.length < PAGE) return;
  }
}

/** Hands work to a surface. That it is tried is on record before it is: who finds it later looks before sending. */
async function handOn(ports: DrainPorts, effect: OutboxRow, { answered }: Recording): Promise<void> {
  const tries = effect.tries + 1;
  const fields = fieldsOf(effect, tries);
  const heldUntil = ports.now() + HELD_MS;
  if (!(await takeEffect(ports.db, effect, new Date(heldUntil).toISOString()))) return;
  const said = await handOver(ports.dispatching, effect, heldUntil - LONGEST_HAND_OVER_MS);
  const answer = said?.kind === "unclear" && tries >= MAX_TRIES ? givenUp(said.reason.message) : said;
  if (answer !== undefined && !(await answered(effect, answer))) return;
  if (answer?.kind === "unclear") {
    const nextAt = nextTry(ports, effect, answer.afterSeconds);
    await postponeEffect(ports.db, effect.id, tries, nextAt, answer.reason.message);
    log("warn", "outbox.retry", { ...fields, nextAt, error: answer.reason.message });
    return;
  }
  await settleEffect(ports.db, effect.id, { status: "sent", lastError: null });
  log("info", "outbox.sent", { ...fields, answer: answer?.kind ?? "moot" });
}

function givenUp(why: string): DispatchAnswer {
  const message = `the surface could not be asked for a day whether it has the work: ${why}`;
  return { kind: "refused", reason: { code: "dispatch_unclear", message } };
}

function isPlain(effect: OutboxRow): effect is PlainEffect {
  return effect.kind !== "dispatch";
}

/** Whether the policy wanted it told together with others. */
function isGrouped({ kind, payload }: OutboxRow): boolean {
  return kind.startsWith("notify.") && (payload as Notification).grouped === true;
}

/** Sends all that is due to the same target as one message. Those that leave with another one are passed over. */
async function sendTogether(
  ports: DrainPorts,
  effect: PlainEffect,
  due: readonly OutboxRow[],
  recording: Recording,
): Promise<void> {
  const others = due.filter((other) => other.kind === effect.kind && other.id !== effect.id && isGrouped(other));
  const leader = await foldEffects(
    ports.db,
    effect.id,
    others.map(({ id }) => id),
  );
  if (leader !== undefined && isPlain(leader)) await send(ports, leader, recording);
}

async function send(ports: DrainPorts, effect: PlainEffect, { dead, told }: Recording): Promise<void> {
  const tries = effect.tries + 1;
  const fields = fieldsOf(effect, tries);
  const sent = await ports.perform(effect);
  if (sent.ok) {
    // Not settled until it is on the timeline: done again, it finds what was done.
    if (sent.value !== undefined && !(await told(effect, sent.value))) return;
    await settleEffect(ports.db, effect.id, { status: "sent", tries, lastError: null });
    log("info", "outbox.sent", fields);
    return;
  }
  const { message, again, retryAfterSeconds } = sent.failure;
  if (again && tries < MAX_TRIES) {
    const nextAt = nextTry(ports, effect, retryAfterSeconds);
    await settleEffect(ports.db, effect.id, { tries, nextAt, lastError: message });
    log("warn", "outbox.retry", { ...fields, nextAt, error: message });
    return;
  }
  if (!(await dead(effect, message))) return;
  await settleEffect(ports.db, effect.id, { status: "dead", tries, lastError: message });
  log("error", "outbox.dead", { ...fields, error: message });
}

function nextTry(ports: DrainPorts, effect: OutboxRow, afterSeconds = 0): string {
  const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** effect.tries) * (0.8 + ports.random() * 0.4);
  return new Date(ports.now() + Math.max(wait, afterSeconds * 1000)).toISOString();
}

function fieldsOf(effect: OutboxRow, tries: number) {
  const { stackId, attemptId, id: effectId, kind } = effect;
  return { stackId, attemptId, effectId, kind, tries };
}
