/**
 * Runs work on many things, a few at a time.
 *
 * @module
 */

/** A Worker has six connections at a time; one is left for D1. */
export const CONCURRENCY = 5;

/** The outcomes in the order of the items. `work` must not throw: one item is never another's problem. */
export async function eachBounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const pending = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of pending) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  return results;
}
