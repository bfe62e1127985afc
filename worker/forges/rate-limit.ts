/**
 * When a forge will listen again, read from its answer.
 *
 * GitHub: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 * GitLab: https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
 *
 * @module
 */
import { retryAfter } from "../platform/outbound-fetch.ts";

/** Longest wait that is believed, milliseconds: a clock that is wrong must not stop a stack for a year. */
const LONGEST_MS = 6 * 3_600_000;

/** What GitHub asks of those whom it tells nothing more: at least a minute. */
const SECONDARY_MS = 60_000;

/** Whether an answer is a rate limit, and until when; `now` in milliseconds. */
export function rateLimit(status: number, headers: Headers, body: string, now: number): { until: string } | undefined {
  const limited = status === 429 || (status === 403 && saysLimit(headers, body));
  if (!limited) return undefined;
  const after = retryAfter(headers.get("retry-after"), now);
  const reset = exhausted(headers) ? resetAt(headers) : undefined;
  const until = after === undefined ? (reset ?? now + SECONDARY_MS) : now + after * 1000;
  return { until: believed(until, now) };
}

/** Until when an answer that was given is the last one; `now` in milliseconds. */
export function spentUntil(headers: Headers, now: number): string | undefined {
  const reset = exhausted(headers) ? resetAt(headers) : undefined;
  return reset === undefined || reset <= now ? undefined : believed(reset, now);
}

function believed(until: number, now: number): string {
  return new Date(Math.min(Math.max(until, now + 1000), now + LONGEST_MS)).toISOString();
}

/** 403 is also "you may not": only these say that it is about the rate. */
function saysLimit(headers: Headers, body: string): boolean {
  if (headers.has("retry-after") || exhausted(headers)) return true;
  return /\b(?:secondary rate limit|API rate limit exceeded|abuse detection)\b/i.test(body);
}

function exhausted(headers: Headers): boolean {
  return (headers.get("x-ratelimit-remaining") ?? headers.get("ratelimit-remaining")) === "0";
}

/** Seconds since the epoch, as all three forges write it. */
function resetAt(headers: Headers): number | undefined {
  const text = headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? "";
  return /^[0-9]{9,11}$/.test(text) ? Number(text) * 1000 : undefined;
}
