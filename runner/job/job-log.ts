/**
 * The log of one job: written to a file at once, streamed to the server as it grows.
 *
 * The file is what makes the stream easy: whatever the server says it has, the rest can be sent from
 * there. Nothing here ever fails the job.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, openSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_LOG_CHUNK } from "../../worker/contract/primitives.ts";
import { LogAnswer } from "../../worker/contract/runner-wire.ts";
import type { JobHead } from "./claim.ts";
import type { Clock } from "./clock.ts";
import { type DataHome, fileName } from "./data-home.ts";
import { deliver } from "./delivery.ts";
import type { Redactor } from "./redact.ts";

const FLUSH_MS = 1000;

/** Most that one job may write: the server keeps 8 MiB of it, and a disk is not endless. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A server that keeps answering a gap is not going to take the log. */
const MAX_GAPS = 5;

export type JobLogOptions = { server: URL; head: JobHead; home: DataHome; clock: Clock; redact: Redactor };

export class JobLog {
  readonly path: string;
  readonly #options: JobLogOptions;
  readonly #stop = new AbortController();
  #size = 0;
  #acknowledged = 0;
  #gaps = 0;
  #given = true;
  #full = false;
  #sending: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: JobLogOptions) {
    this.#options = options;
    this.path = join(options.home.logs, `${fileName(options.head.attemptId)}-${options.head.epoch}.log`);
    writeFileSync(this.path, "", { mode: 0o600 });
  }

  /** Adds lines, each with its time. */
  write(text: string): void {
    if (this.#full) return;
    const at = new Date(this.#options.clock.now()).toISOString();
    const lines = this.#options.redact(text).replace(/\n$/, "").split("\n");
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
    if (this.#acknowledged >= this.#size) rmSync(this.path, { force: true });
  }

  #send(): void {
    this.#sending = this.#sending.then(async () => {
      while (this.#given && this.#acknowledged < this.#size && !this.#stop.signal.aborted) await this.#sendChunk();
    });
  }

  async #sendChunk(): Promise<void> {
    const { server, head, clock } = this.#options;
    const offset = this.#acknowledged;
    const chunk = readPart(this.path, offset, MAX_LOG_CHUNK);
    const url = new URL(`runner/attempts/${encodeURIComponent(head.attemptId)}/log`, server);
    url.searchParams.set("offset", String(offset));
    const delivery = await deliver(
      {
        method: "PUT",
        url,
        id: randomUUID(),
        secret: head.callbackKey,
        body: chunk,
        contentType: "text/plain; charset=utf-8",
        headers: { "x-patch-epoch": String(head.epoch), "x-patch-nonce": head.nonce },
      },
      { clock, signal: this.#stop.signal },
    );
    if (delivery.kind === "accepted") {
      const answer = LogAnswer.safeParse(delivery.body);
      // Never behind what was sent and taken: an answer that stands still would be asked for ever.
      this.#acknowledged = Math.max(offset + 1, Math.min(this.#size, answer.data?.ack ?? offset + chunk.length));
    } else if (delivery.kind === "refused" && delivery.status === 416 && this.#gaps < MAX_GAPS) {
      this.#gaps++;
      const ack = acknowledgedOf(delivery.body);
      if (ack === undefined || ack > this.#size) this.#given = false;
      else this.#acknowledged = ack;
    } else this.#given = false;
  }
}

/** `ack` of a gap's answer: at the top, or in the error's details. */
function acknowledgedOf(body: unknown): number | undefined {
  const places = [body, property(property(body, "error"), "details")];
  for (const place of places) {
    const answer = LogAnswer.safeParse(place);
    if (answer.success && answer.data.ack >= 0) return answer.data.ack;
  }
  return undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function readPart(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(Math.min(length, Math.max(0, statSync(path).size - offset)));
  const file = openSync(path, "r");
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(file);
  }
}
