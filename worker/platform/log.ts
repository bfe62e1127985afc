/**
 * One JSON line per fact worth an operator's eye, with a fixed vocabulary.
 *
 * @module
 */

/** Every name a log line may carry; `docs/reference/log-events.md` describes each. */
export const LOG_NAMES = [
  "cron.tick",
  "feed.polled",
  "feed.signal",
  "polls.failed",
  "attempt.transition",
  "dispatch.sent",
  "dispatch.failed",
  "forge.limited",
  "forecast.sent",
  "forecast.recorded",
  "setup.proved",
  "callback.accepted",
  "callback.refused",
  "webhook.received",
  "records.withdrawn",
  "records.imported",
  "delivery.failed",
  "outbox.sent",
  "outbox.retry",
  "outbox.dead",
  "request.refused",
  "request.failed",
  "ratelimit.fault",
  "storage.fault",
] as const;

export type LogName = (typeof LOG_NAMES)[number];

export type LogLevel = "info" | "warn" | "error";

/** Writes one line. `fields` never hold tokens, secrets, keys or bodies. */
export function log(level: LogLevel, name: LogName, fields: Record<string, unknown> = {}): void {
  const line = JSON.stringify({ at: new Date().toISOString(), level, name, ...fields });
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
}
