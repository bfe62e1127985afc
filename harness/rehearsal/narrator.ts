/**
 * Tells what happens as it happens: seconds since the start, who, what.
 *
 * @module
 */
import type { TimelineEntry } from "../../worker/contract/attempt.ts";

export class Narrator {
  readonly #start = performance.now();
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  title(text: string): void {
    this.#write(`\n${text}`);
  }

  say(who: string, what: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1).padStart(6);
    this.#write(`${seconds} s  ${who.padEnd(10)}  ${what}`);
  }

  /** An attempt's own record, each fact once however often it is shown. */
  timeline(attemptId: string, entries: readonly TimelineEntry[], after = 0): number {
    let last = after;
    for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
      if (entry.seq <= after) continue;
      last = entry.seq;
      const change =
        entry.to === undefined ? entry.kind : `${entry.from === undefined ? "" : `${entry.from} → `}${entry.to}`;
      const why = entry.reason === undefined ? "" : ` (${entry.reason.code}: ${firstLine(entry.reason.message)})`;
      this.say(entry.actor.split(":")[0] ?? "", `${attemptId}  ${change}${why}`);
    }
    return last;
  }
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
