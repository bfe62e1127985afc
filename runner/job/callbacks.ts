/**
 * What a runner tells the server about the job it holds, signed with the key of that claim.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import {
  type AttemptProgress,
  type AttemptResult,
  CallbackAnswer,
  type Heartbeat,
} from "../../worker/contract/runner-wire.ts";
import type { JobHead } from "./claim.ts";
import type { Clock } from "./clock.ts";
import { type Delivery, deliver, type SignedMessage } from "./delivery.ts";

export type HeartbeatAnswer =
  | { kind: "continue" }
  | { kind: "cancel" }
  /** The server no longer takes this claim's reports. */
  | { kind: "lost"; code: string; message: string }
  | { kind: "unanswered"; message: string };

export class Callbacks {
  readonly #server: URL;
  readonly #head: JobHead;
  readonly #clock: Clock;
  /** Progress is told in order, one at a time, and nobody waits for it. */
  #telling: Promise<void> = Promise.resolve();
  #seq = 0;

  constructor(server: URL, head: JobHead, clock: Clock) {
    this.#server = server;
    this.#head = head;
    this.#clock = clock;
  }

  async heartbeat(giveUpAfterMs: number, signal: AbortSignal, leaseSeconds?: number): Promise<HeartbeatAnswer> {
    const message = this.#message("attempt.heartbeat", leaseSeconds === undefined ? {} : { leaseSeconds });
    return heartbeatAnswer(await deliver(message, { clock: this.#clock, signal, giveUpAfterMs }));
  }

  /** One try: progress is advice, and stale by the next. */
  progress(progress: AttemptProgress, signal: AbortSignal): void {
    const message = this.#message("attempt.progress", progress);
    this.#telling = this.#telling.then(async () => {
      await deliver(message, { clock: this.#clock, signal, giveUpAfterMs: 0, timeoutMs: 5000 });
    });
  }

  /** Resolves when what was told so far has gone out, or failed to. */
  told(): Promise<void> {
    return this.#telling;
  }

  result(result: AttemptResult): SignedMessage {
    return this.#message("attempt.result", result);
  }

  #message(type: string, data: AttemptProgress | AttemptResult | Heartbeat): SignedMessage {
    const { attemptId, epoch, nonce, callbackKey } = this.#head;
    return {
      method: "POST",
      url: new URL("webhooks/runner", this.#server),
      id: randomUUID(),
      secret: callbackKey,
      body: new TextEncoder().encode(JSON.stringify({ type, attemptId, epoch, nonce, seq: this.#seq++, data })),
      contentType: "application/json",
    };
  }
}

function heartbeatAnswer(delivery: Delivery): HeartbeatAnswer {
  switch (delivery.kind) {
    case "unanswered":
      return delivery;
    case "refused":
      return { kind: "lost", code: delivery.code, message: delivery.message };
    case "accepted": {
      const answer = CallbackAnswer.safeParse(delivery.body);
      // An answer that cannot be read is no reason to stop: the lease was extended all the same.
      return { kind: answer.success ? answer.data.directive : "continue" };
    }
  }
}
