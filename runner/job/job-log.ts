/**
 * The log of one job: written to a file at once, streamed to the server as it grows.
 *
 * The file is what makes the stream easy: whatever the server says it has, the rest can be sent from
 * there. Nothing here ever fails the job.
 *
 * @module
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../client/printable.ts";
import type { JobHead } from "./claim.ts";
import type { Clock } from "./clock.ts";
import { type DataHome, fileName } from "./data-home.ts";
import { removeLog, writeLogOwner } from "./left-over-log.ts";
import { LogStream } from "./log-stream.ts";
import type { Redactor } from "./redact.ts";

const FLUSH_MS = 1000;

/** Most that one job may write: the server keeps 8 MiB of it, and a disk is not endless. */
const MAX_BYTES = 64 * 1024 * 1024;

export type JobLogOptions = {
  server: URL;
  head: JobHead;
  home: DataHome;
  clock: Clock;
  redact: Redactor;
  /** Bytes that an earlier job of the same claim sent. */
  startAt?: number | undefined;
};

export class JobLog {
  readonly path: string;
  readonly #options: JobLogOptions;
  readonly #stop = new AbortController();
  readonly #stream: LogStream;
  #size = 0;
  #full = false;
  #sending: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: JobLogOptions) {
    this.#options = options;
    const { home, server, head, clock, startAt = 0 } = options;
    this.path = join(home.logs, `${fileName(head.attemptId)}-${head.epoch}.log`);
    writeFileSync(this.path, "", { mode: 0o600 });
    writeLogOwner(this.path, server, head);
    this.#stream = new LogStream(this.path, { server, head, clock, startAt, signal: this.#stop.signal });
  }

  /** Bytes of the claim's log so far, those of earlier jobs among them. */
  get length(): number {
    return (this.#options.startAt ?? 0) + this.#size;
  }

  /** Adds lines, each with its time. */
  write(text: string): void {
    if (this.#full) return;
    const at = new Date(this.#options.clock.now()).toISOString();
    // A log is read in terminals too: commands may be colourful, subjects of commits hostile.
    const lines = printable(this.#options.redact(text).replaceAll(/\r\n?/g, "\n"), true).replace(/\n$/, "").split("\n");
    let chunk = lines.map((line) => `${at} ${line}\n`).join("");
    this.#full = this.#size + chunk.length > MAX_BYTES;
    if (this.#full) chunk = `${at} the log ends here: it has reached ${MAX_BYTES} bytes\n`;
    appendFileSync(this.path, chunk);
    this.#size += Buffer.byteLength(chunk);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, FLUSH_MS);
  }

  /** Sends what is left, for at most `patienceMs`, and removes the file when the server has it all. */
  async close(patienceMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send();
    const limit = setTimeout(() => this.#stop.abort(), patienceMs);
    await this.#sending;
    clearTimeout(limit);
    this.#stop.abort();
    if (this.#stream.acknowledged >= this.#size) removeLog(this.path);
  }

  #send(): void {
    this.#sending = this.#sending.then(() => this.#stream.sendUpTo(() => this.#size));
  }
}
