/**
 * Sends a log file to the server, from wherever the server says it has it.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { MAX_LOG_CHUNK } from "../../worker/contract/primitives.ts";
import { LogAnswer } from "../../worker/contract/runner-wire.ts";
import type { JobHead } from "./claim.ts";
import { type DeliveryOptions, deliver } from "./delivery.ts";

/** A server that keeps answering a gap is not going to take the log. */
const MAX_GAPS = 5;

export type LogStreamOptions = DeliveryOptions & {
  server: URL;
  head: JobHead;
  /** Bytes of the log that an earlier job of the same claim sent. */
  startAt?: number | undefined;
};

export class LogStream {
  readonly #path: string;
  readonly #options: LogStreamOptions;
  #acknowledged = 0;
  #gaps = 0;
  #state: "open" | "refused" | "unanswered" = "open";

  constructor(path: string, options: LogStreamOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Bytes that the server has. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** `refused`: the server does not want the rest. `unanswered`: it could not be asked. */
  get state(): "open" | "refused" | "unanswered" {
    return this.#state;
  }

  /** Sends until the server has `size()` bytes, it refuses, or the signal says to stop. */
  async sendUpTo(size: () => number): Promise<void> {
    while (this.#state === "open" && this.#acknowledged < size() && this.#options.signal?.aborted !== true)
      await this.#sendChunk(size());
  }

  async #sendChunk(size: number): Promise<void> {
    const { server, head, startAt = 0, ...delivery } = this.#options;
    const offset = this.#acknowledged;
    const chunk = readPart(this.#path, offset, MAX_LOG_CHUNK);
    const url = new URL(`runner/attempts/${encodeURIComponent(head.attemptId)}/log`, server);
    url.searchParams.set("offset", String(startAt + offset));
    const sent = await deliver(
      {
        method: "PUT",
        url,
        id: randomUUID(),
        secret: head.callbackKey,
        body: chunk,
        contentType: "text/plain; charset=utf-8",
        headers: { "x-patch-epoch": String(head.epoch), "x-patch-nonce": head.nonce },
      },
      delivery,
    );
    if (sent.kind === "accepted") {
      const answer = LogAnswer.safeParse(sent.body);
      // Never behind what was sent and taken: an answer that stands still would be asked for ever.
      this.#acknowledged = Math.max(
        offset + 1,
        Math.min(size, (answer.data?.ack ?? startAt + offset + chunk.length) - startAt),
      );
    } else if (sent.kind === "refused" && sent.status === 416 && this.#gaps < MAX_GAPS) {
      this.#gaps++;
      const told = acknowledgedOf(sent.body);
      const ack = told === undefined ? undefined : told - startAt;
      if (ack === undefined || ack < 0 || ack > size) this.#state = "refused";
      else this.#acknowledged = ack;
    } else this.#state = sent.kind === "refused" ? "refused" : "unanswered";
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
