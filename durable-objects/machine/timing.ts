/**
 * Deadlines and waits of the attempt machine.
 *
 * @module
 */
import { isActive } from "../../worker/contract/attempt.ts";
import { LEASE_SECONDS } from "../../worker/contract/runner-wire.ts";
import { CAPABILITIES } from "../../worker/contract/surface.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Waits before the first, second and third automatic retry, milliseconds. */
const RETRY_WAITS = [1 * MINUTE, 5 * MINUTE, 30 * MINUTE];

export const LEASE_MS = LEASE_SECONDS * 1000;

/** How long a runner that was asked to stop may take before it is fenced off, milliseconds. */
export const CANCEL_GRACE_MS = LEASE_MS;

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Wait before automatic retry number `retry` (from 1), milliseconds, ±20 %. */
export function retryWait(attemptId: string, retry: number): number {
  const wait = RETRY_WAITS[Math.min(retry, RETRY_WAITS.length) - 1] ?? MINUTE;
  return Math.round(wait * spread(`${attemptId}/${retry}`));
}

/** Wait before a blocked attempt is looked at again: as long as it has been blocked, 1 to 30 minutes, ±20 %. */
export function blockedWait(attemptId: string, blockedForMs: number): number {
  const wait = Math.min(30 * MINUTE, Math.max(MINUTE, blockedForMs));
  return Math.round(wait * spread(`${attemptId}/${blockedForMs}`));
}

/**
 * Wait for a surface that said when it takes work again, plus a little of it, a minute at most: whatever the
 * same host holds back would come in the same second otherwise.
 */
export function heldWait(attemptId: string, askedMs: number): number {
  return askedMs + Math.round(Math.min(MINUTE, askedMs / 10) * fraction(attemptId));
}

/** When a blocked attempt becomes a person's to look at. */
export function escalationAt(blockedSince: string): string {
  return iso(Date.parse(blockedSince) + DAY);
}

/** First and longest distance between looks, milliseconds. */
type Looks = { first: number; longest: number };

/** Runs and checks that nobody tells us of are all that we know. */
const READ: Looks = { first: 5000, longest: 5 * MINUTE };

/** A job says itself that it has begun: it is looked for only in case that it never does. */
const AWAITED: Looks = { first: MINUTE, longest: 30 * MINUTE };

/** A job that holds its claim reports by itself; it is looked for in case that it died under a lease of hours. */
const HELD: Looks = { first: 5 * MINUTE, longest: 30 * MINUTE };

/** Whether somebody outside is asked about the attempt by and by. */
export function isAskedAbout(attempt: AttemptRow): boolean {
  const { status, surface } = attempt;
  if (awaitsChecks(attempt)) return true;
  return surface !== null && isActive(status) && CAPABILITIES[surface.driver].status;
}

/** Wait before the next look after that many, milliseconds. */
export function lookWait(attempt: AttemptRow, looks: number): number {
  const { first, longest } = looksOf(attempt);
  return Math.min(longest, first * 2 ** Math.min(looks, 10));
}

/** When somebody outside is asked about the attempt next; `lookAt` is set when that was done before. Null if never. */
export function nextLookAt(attempt: AttemptRow, lookAt?: string): string | null {
  if (!isAskedAbout(attempt)) return null;
  return lookAt ?? iso(Date.parse(attempt.updatedAt) + looksOf(attempt).first);
}

function looksOf(attempt: AttemptRow): Looks {
  const { surface, status } = attempt;
  if (awaitsChecks(attempt) || surface === null || !CAPABILITIES[surface.driver].claims) return READ;
  return status === "running" ? HELD : AWAITED;
}

/** A landing that waits for the forge's checks: no other blocked attempt has a deadline. */
export function awaitsChecks({ operation, status, deadlineAt }: AttemptRow): boolean {
  return operation === "land" && status === "blocked" && deadlineAt !== null;
}

/**
 * When the machine next has something to do about an open attempt by itself; null if never.
 *
 * @param lookAt when its surface is asked next, where that is known
 */
export function nextActionAt(attempt: AttemptRow, lookAt?: string): string | null {
  const look = nextLookAt(attempt, lookAt);
  switch (attempt.status) {
    case "queued":
      return attempt.notBefore;
    case "dispatched":
      return earliest([attempt.deadlineAt, look]);
    case "running":
      return earliest([attempt.leaseUntil, attempt.deadlineAt, look]);
    case "blocked":
      if (awaitsChecks(attempt)) return earliest([attempt.deadlineAt, look]);
      return earliest([attempt.notBefore, attempt.blockedSince === null ? null : escalationAt(attempt.blockedSince)]);
    default:
      return null;
  }
}

export function earliest(times: readonly (string | null)[]): string | null {
  return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
}

/** A factor from 0.8 to 1.2: spreads retries of many stacks over time. */
function spread(key: string): number {
  return 0.8 + fraction(key) * 0.4;
}

/** From 0 to 1, made from the key: the same whenever the same decision is made again. */
function fraction(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 0xffffffff;
}
