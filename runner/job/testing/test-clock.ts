/**
 * A clock whose waits are over at once, and which says how long they would have been.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";

export class TestClock implements Clock {
  /** Milliseconds asked for, in order. */
  readonly waits: number[] = [];
  #now = Date.parse("2026-11-22T12:00:00Z");

  now(): number {
    return this.#now;
  }

  /** The middle: the schedule without jitter. */
  random(): number {
    return 0.5;
  }

  async wait(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    const stopped = () => signal?.aborted === true;
    if (stopped()) return false;
    this.waits.push(milliseconds);
    this.#now += milliseconds;
    await setImmediate();
    return !stopped();
  }
}
