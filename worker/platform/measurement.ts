/**
 * The one event of Analytics Engine, written where a deployment has it bound; `docs/reference/metrics.md` says
 * how it is read. https://developers.cloudflare.com/analytics/analytics-engine/
 *
 * @module
 */

export type Measurement = {
  /** An attempt changed its state, or a source was polled. */
  what: "attempt" | "poll";
  /** Id of the stack or the source: what the event is sampled by. */
  subject: string;
  /** State that the attempt came to, or how the poll ended. */
  outcome: string;
  /** State that the attempt left. */
  before?: string | undefined;
  /** Code of the reason or failure. */
  reason?: string | undefined;
  /** What the attempt does (`maintain`, `land`, …). */
  operation?: string | undefined;
  /** Since the attempt was made. */
  seconds?: number | undefined;
  epoch?: number | undefined;
};

/** Longest index that Analytics Engine takes, bytes; ids are ASCII. */
const INDEX = 96;

/** Writes it; without the binding, nothing. It answers nothing and must never be in the way of what it measures. */
export function measure(env: object, m: Measurement): void {
  // Optional in `wrangler.toml`, so the generated types do not know it.
  const { ANALYTICS } = env as { ANALYTICS?: AnalyticsEngineDataset };
  if (ANALYTICS === undefined) return;
  try {
    ANALYTICS.writeDataPoint({
      indexes: [m.subject.slice(0, INDEX)],
      blobs: [m.what, m.outcome, m.before ?? "", m.reason ?? "", m.operation ?? ""],
      doubles: [m.seconds ?? 0, m.epoch ?? 0],
    });
  } catch {
    // More points in one invocation than are allowed: these are samples.
  }
}
