/**
 * Time and chance, as something that can be handed in.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Waits; true when the time has passed, false when `signal` cut it short. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<boolean>;
  /** 0 to 1. */
  random(): number;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  async wait(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
      return true;
    } catch {
      return false;
    }
  },
};
