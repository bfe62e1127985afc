/**
 * One thing at a time, in order of arrival.
 *
 * An `await` on D1 lets other calls into the object; without this queue they interleave and lose
 * each other's writes.
 *
 * @module
 */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private length = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** False when so much waits already that the caller should come back later. */
  get hasRoom(): boolean {
    return this.length < this.limit;
  }

  /** Runs `work` after everything that came before it, whatever came of that. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.length++;
    const turn = this.tail.then(work, work);
    this.tail = turn;
    try {
      return await turn;
    } finally {
      this.length--;
    }
  }
}
