/**
 * Reads a process's stdout in pieces that end at a byte or have a known length.
 *
 * @module
 */
import type { Readable } from "node:stream";

interface Wanted {
  /** Bytes to read, or the byte to read up to (which is taken but not given). */
  length?: number;
  until?: number;
  resolve: (bytes: Buffer) => void;
  reject: (error: Error) => void;
}

export class ByteReader {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** How many bytes of what is held were looked through for `until` already. */
  #searched = 0;
  #wanted: Wanted | undefined;
  #ended: Error | undefined;

  constructor(stream: Readable) {
    stream.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#serve();
    });
  }

  /** No more will come: whoever waits, now or later, gets this error. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#serve();
  }

  /** The bytes before the next `delimiter`; the delimiter is taken from the stream too. One reader at a time. */
  readUntil(delimiter: number): Promise<Buffer> {
    return this.#want({ until: delimiter });
  }

  readExactly(length: number): Promise<Buffer> {
    return this.#want({ length });
  }

  #want(what: { length: number } | { until: number }): Promise<Buffer> {
    if (this.#wanted !== undefined) throw new Error("two readers of one stream");
    return new Promise((resolve, reject) => {
      this.#wanted = { ...what, resolve, reject };
      this.#serve();
    });
  }

  #serve(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const length = wanted.length ?? this.#find(wanted.until ?? 0);
    if (length !== undefined && length + (wanted.length === undefined ? 1 : 0) <= this.#size) {
      const bytes = this.#take(length);
      if (wanted.length === undefined) this.#take(1);
      this.#searched = 0;
      this.#wanted = undefined;
      wanted.resolve(bytes);
    } else if (this.#ended !== undefined) {
      this.#wanted = undefined;
      wanted.reject(this.#ended);
    }
  }

  #find(delimiter: number): number | undefined {
    let offset = 0;
    for (const chunk of this.#chunks) {
      if (offset + chunk.length > this.#searched) {
        const at = chunk.indexOf(delimiter, Math.max(0, this.#searched - offset));
        if (at !== -1) return offset + at;
      }
      offset += chunk.length;
    }
    this.#searched = offset;
    return undefined;
  }

  #take(length: number): Buffer {
    const taken: Buffer[] = [];
    let left = length;
    while (left > 0) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) throw new Error("took more bytes than were held");
      if (chunk.length <= left) {
        taken.push(chunk);
        this.#chunks.shift();
        left -= chunk.length;
      } else {
        taken.push(chunk.subarray(0, left));
        this.#chunks[0] = chunk.subarray(left);
        left = 0;
      }
    }
    this.#size -= length;
    const [first, ...rest] = taken;
    return first !== undefined && rest.length === 0 ? first : Buffer.concat(taken);
  }
}
