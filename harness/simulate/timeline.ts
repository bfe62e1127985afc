/**
 * Virtual time. Everything that ever resolves is an entry here: one entry runs, all that follows
 * from it without waiting runs to its end, and only then comes the next. So one seed has one order.
 *
 * @module
 */
import type { Dice } from "./dice.ts";

type Entry = { at: number; order: number; run: () => void };

export class Timeline {
  /** Milliseconds since the epoch. */
  now: number;
  private readonly dice: Dice;
  private readonly heap: Entry[] = [];

  constructor(start: number, dice: Dice) {
    this.now = start;
    this.dice = dice;
  }

  /** Runs at a time; of several at the same time the dice say which goes first. */
  at(time: number, run: () => void): void {
    const entry = { at: Math.max(time, this.now), order: this.dice.next(), run };
    const { heap } = this;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || before(parent, entry)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = entry;
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** When the next entry runs; undefined when there is none. */
  get next(): number | undefined {
    return this.heap[0]?.at;
  }

  /** Runs one entry and all that follows from it. */
  async step(): Promise<void> {
    const entry = this.take();
    if (entry === undefined) return;
    this.now = entry.at;
    entry.run();
    await settled();
  }

  private take(): Entry | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      let lower = heap[child];
      if (lower === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, lower)) {
        lower = right;
        child++;
      }
      if (before(last, lower)) break;
      heap[i] = lower;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Node runs a next tick only when no promise has anything left to do. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
