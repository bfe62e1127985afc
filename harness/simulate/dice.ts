/**
 * Every random choice of a run comes from here, so that the seed repeats all of them.
 *
 * @module
 */
import { Random } from "../chaos/random.ts";

export class Dice extends Random {
  /** True with the probability given; draws even when it cannot be, so that a run without faults keeps its order. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items; there must be some. */
  one<T>(items: readonly [T, ...T[]]): T {
    return this.pick(items) ?? items[0];
  }

  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries[0]?.[0] as K;
  }
}
