/**
 * Deadlines and waits of the attempt machine.
 *
 * @module
 */
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

/** When a blocked attempt becomes a person's to look at. */
export function escalationAt(blockedSince: string): string {
  return iso(Date.parse(blockedSince) + DAY);
}

/** How long after a change of the attempt its surface is first asked, milliseconds. */
const FIRST_LOOK_MS = 5000;
const LONGEST_LOOK_MS = 5 * MINUTE;

/** Wait before the surface is asked for the time after `looks` times, milliseconds. */
export function lookWait(looks: number): number {
  return Math.min(LONGEST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks, 10));
}

/** When the surface of an active attempt is asked if nobody has asked it yet; null where it reports by itself. */
export function firstLookAt(attempt: AttemptRow): string | null {
  if (awaitsChecks(attempt)) return iso(Date.parse(attempt.updatedAt) + FIRST_LOOK_MS);
  if (attempt.surface === null || CAPABILITIES[attempt.surface.driver].claims) return null;
  return iso(Date.parse(attempt.updatedAt) + FIRST_LOOK_MS);
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
  const look = lookAt ?? firstLookAt(attempt);
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

/**
 * A factor from 0.8 to 1.2 made from the key: spreads retries of many stacks over time, and is the
 * same whenever the same decision is made again.
 */
function spread(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return 0.8 + ((hash >>> 0) / 0xffffffff) * 0.4;
}
