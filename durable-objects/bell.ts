/**
 * Tells those who watch a stack that something may have changed.
 *
 * It lives in memory: an instance that starts anew rings for everybody, which costs a look and no more.
 *
 * @module
 */

export class Bell {
  private readonly instance: string;
  private rings = 0;
  private waiting = new Set<() => void>();

  /** @param instance tells this live instance from any other */
  constructor(instance: string) {
    this.instance = instance;
  }

  ring(): void {
    this.rings++;
    const waiting = this.waiting;
    this.waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** The mark of the last ring; comes when it is another than `seen`, or after `ms`. */
  async next(seen: string, ms: number): Promise<string> {
    if (this.mark === seen) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          this.waiting.delete(wake);
          resolve();
        }, ms);
        const wake = (): void => {
          clearTimeout(timer);
          resolve();
        };
        this.waiting.add(wake);
      });
    }
    return this.mark;
  }

  private get mark(): string {
    return `${this.instance}/${this.rings}`;
  }
}
