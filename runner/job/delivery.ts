/**
 * Delivers one signed message until the server has answered it.
 *
 * The same `webhook-id` and the same bytes go out at every try, so a server that took the message and
 * lost its answer recognises the repetition; only timestamp and signature are made anew, since the
 * server refuses old ones.
 *
 * @module
 */
import { signWebhook } from "../../worker/contract/standard-webhooks.ts";
import { exchange, parseJson } from "../client/http.ts";
import type { Clock } from "./clock.ts";

/** Seconds before the first, second, … try; after the last of them every 300 s. */
const SCHEDULE_SECONDS = [0, 5, 15, 60, 300] as const;
const LAST_SECONDS = 300;

/** A server may ask for patience, but not for more than this. */
const MAX_RETRY_AFTER_SECONDS = 3600;

export type Message = {
  method: "POST" | "PUT";
  url: URL;
  /** `webhook-id` */
  id: string;
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
  headers?: Record<string, string>;
};

export type SignedMessage = Message & { secret: string };

/** How the server knows the sender: a `whsec_…` secret that signs, or a token of a forge's. */
export type Proof = { secret: string } | { token: string };

export type DeliveryOptions = {
  clock: Clock;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Longest wait between two tries, when the schedule's is not wanted. */
  maxDelayMs?: number;
  /** No further try is started this long after the first; forever without it. */
  giveUpAfterMs?: number;
  onRetry?: (tries: number, delayMs: number, why: string) => void;
};

export type Delivery =
  /** 2xx */
  | { kind: "accepted"; status: number; body: unknown }
  /** Any answer that a repetition would not change. */
  | { kind: "refused"; status: number; code: string; message: string; body: unknown }
  /** Stopped, or out of time, without an answer. */
  | { kind: "unanswered"; message: string };

export async function deliver(message: Message & Proof, options: DeliveryOptions): Promise<Delivery> {
  const { clock, signal } = options;
  const startedAt = clock.now();
  for (let tries = 0; ; tries++) {
    if (signal?.aborted === true) return { kind: "unanswered", message: "stopped before the server answered" };
    const tried = await tryOnce(message, options);
    if (tried.kind !== "again") return tried;
    const scheduled = retryDelayMs(tries + 1, clock.random(), tried.retryAfterSeconds);
    const delayMs = Math.min(scheduled, options.maxDelayMs ?? scheduled);
    if (options.giveUpAfterMs !== undefined && clock.now() + delayMs - startedAt > options.giveUpAfterMs)
      return { kind: "unanswered", message: tried.why };
    options.onRetry?.(tries + 1, delayMs, tried.why);
    if (!(await clock.wait(delayMs, signal))) return { kind: "unanswered", message: tried.why };
  }
}

/** Milliseconds before the given try (0 is the first), ±20 %; a server's Retry-After is waited out. */
export function retryDelayMs(tries: number, random: number, retryAfterSeconds?: number): number {
  const scheduled = (SCHEDULE_SECONDS[tries] ?? LAST_SECONDS) * (0.8 + 0.4 * random);
  const asked = Math.min(retryAfterSeconds ?? 0, MAX_RETRY_AFTER_SECONDS);
  return Math.round(Math.max(scheduled, asked) * 1000);
}

type Try = Delivery | { kind: "again"; why: string; retryAfterSeconds?: number };

async function tryOnce(message: Message & Proof, options: DeliveryOptions): Promise<Try> {
  const proof =
    "token" in message
      ? { authorization: `Bearer ${message.token}` }
      : await signWebhook(message.secret, message.id, message.body, options.clock.now());
  const sent = await exchange({
    method: message.method,
    url: message.url,
    headers: { ...message.headers, ...proof, "content-type": message.contentType, accept: "application/json" },
    body: message.body,
    timeoutMs: options.timeoutMs ?? 30_000,
    signal: options.signal,
  });
  if (!sent.ok) {
    const why = `cannot reach ${message.url.origin} (${sent.fault.message})`;
    return sent.fault.reason === "aborted" ? { kind: "unanswered", message: why } : { kind: "again", why };
  }
  const { status, headers, text } = sent.answer;
  const body = parseJson(text);
  if (status >= 200 && status <= 299) return { kind: "accepted", status, body };
  const { code, text: says } = errorOf(body);
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterSeconds = parseRetryAfter(headers.get("retry-after"), options.clock.now());
    return { kind: "again", why: `${message.url.origin} answered ${status} ${code}`.trimEnd(), retryAfterSeconds };
  }
  return { kind: "refused", status, code: code || `http_${status}`, message: says, body };
}

/** `error.code` and `error.message`, where the answer has them. */
function errorOf(body: unknown): { code: string; text: string } {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (typeof error !== "object" || error === null) return { code: "", text: "" };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const text = "message" in error && typeof error.message === "string" ? error.message : "";
  return { code, text };
}

/** Seconds, from either form of the header (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim());
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
