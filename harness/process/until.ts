/**
 * Waiting on real state: asks again and again, with a limit, and says what it last saw.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

export type UntilOptions = {
  timeoutMs?: number;
  everyMs?: number;
  /** Said when the time is over: what the world looked like then. */
  seen?: () => unknown;
};

/**
 * The first value of `look` that is not undefined.
 *
 * @example
 * const attempt = await until("the attempt to end", async () => {
 *   const { attempt } = await api.attempt(id);
 *   return attempt.endedAt === undefined ? undefined : attempt;
 * });
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  options: UntilOptions = {},
): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 50 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      const seen = options.seen === undefined ? "" : `; last seen: ${JSON.stringify(options.seen())}`;
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}${seen}`);
    }
    await delay(everyMs);
  }
}
