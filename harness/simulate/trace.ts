/**
 * What happened, in order: printed when somebody looks, and as one number that tells two runs apart.
 *
 * @module
 */
import type { Timeline } from "./timeline.ts";

export class Trace {
  readonly lines: string[] = [];
  private readonly timeline: Timeline;
  private readonly keep: boolean;
  /** Steps taken so far. */
  step = 0;

  constructor(timeline: Timeline, keep: boolean) {
    this.timeline = timeline;
    this.keep = keep;
  }

  /** The text is made only when it is kept. */
  line(text: () => string): void {
    if (this.keep) this.lines.push(`${this.step} ${new Date(this.timeline.now).toISOString()} ${text()}`);
  }
}
