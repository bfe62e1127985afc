/**
 * When a source is polled next. Pure.
 *
 * @module
 */

/** Longest wait of a source that fails, seconds; a source that is polled more seldom than that keeps its interval. */
export const MAX_BACKOFF_SECONDS = 6 * 3600;

/** Below this interval there is no jitter: it would show, and nobody polls thousands of sources so often. */
const JITTER_FROM_SECONDS = 60;

export type PollTiming = {
  intervalSeconds: number;
  /** Failures in a row, this poll included; 0 after a good one. */
  failures: number;
  retryAfterSeconds?: number | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  /** 0 up to 1. */
  random: number;
};

/** Time of the next poll, ISO 8601. */
export function nextPollAt(timing: PollTiming): string {
  return new Date(timing.now + Math.round(waitSeconds(timing) * 1000)).toISOString();
}

function waitSeconds({ intervalSeconds, failures, retryAfterSeconds, random }: PollTiming): number {
  // Sources that were declared together must not stay in step for ever.
  const spread = intervalSeconds >= JITTER_FROM_SECONDS ? 0.95 + 0.1 * random : 1;
  if (failures === 0) return intervalSeconds * spread;
  const doubled = Math.min(intervalSeconds * 2 ** Math.min(failures - 1, 24), MAX_BACKOFF_SECONDS);
  const backoff = Math.max(intervalSeconds, doubled) * (0.8 + 0.4 * random);
  return Math.max(backoff, retryAfterSeconds ?? 0);
}
