/**
 * Scheduled forecasts: how a stack would fare on upstream's branch head today, and how far it has
 * drifted. A look and a record of its own; never an attempt.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Oid, Reason, RefName, Timestamp } from "./primitives.ts";
import { OutcomeCounts, UpstreamCommit } from "./report.ts";

/** Newest forecasts of a stack that are kept. */
export const KEPT_FORECASTS = 500;

/** What a forecast names of a stack's conflicts: enough to know where to look. */
export const FORECAST_LIMITS = { patches: 10, paths: 10, text: 300 } as const;

export const ForecastPolicy = z
  .strictObject({
    /** From one forecast to the next, seconds. */
    everySeconds: z
      .int()
      .min(900)
      .max(30 * 86_400)
      .default(86_400),
    /** Upstream branch to look at; upstream's default branch when absent. */
    branch: RefName.optional(),
  })
  .openapi("ForecastPolicy");
export type ForecastPolicy = z.infer<typeof ForecastPolicy>;

/** `failed`: there was nothing to look at; the reason says why. */
export const ForecastOutcome = z.enum(["carries", "conflicts", "failed"]);
export type ForecastOutcome = z.infer<typeof ForecastOutcome>;

/** How far the stack and upstream's branch are apart. */
export const ForecastDrift = z.strictObject({
  /** Patches of the stack. */
  commitsAhead: z.int().min(0),
  /** Upstream commits that the stack does not stand on yet, and the days between the oldest state and the head. */
  commitsBehind: z.int().min(0),
  daysBehind: z.number().min(0),
});
export type ForecastDrift = z.infer<typeof ForecastDrift>;

const Text = z.string().max(FORECAST_LIMITS.text);

/** A patch that conflicts, and where. */
export const ForecastConflict = z.strictObject({
  oid: Oid,
  subject: Text,
  paths: z
    .array(
      z.strictObject({
        path: Text,
        /** git's own stable name of the conflict, as in a stack report. */
        kind: z.string().max(64),
        /** Newest upstream commit that touched those lines. */
        upstream: UpstreamCommit.extend({ subject: Text }).optional(),
        /** Oid of an earlier patch whose conflict this one follows from. */
        followsFrom: Oid.optional(),
      }),
    )
    .max(FORECAST_LIMITS.paths),
});
export type ForecastConflict = z.infer<typeof ForecastConflict>;

/** What a look found. */
export const ForecastLook = z.strictObject({
  /** Upstream's branch and its head. */
  onto: z.strictObject({ ref: z.string().max(250), oid: Oid }),
  /** Head of the maintained branch. */
  head: z.strictObject({ oid: Oid }),
  drift: ForecastDrift,
  counts: OutcomeCounts,
  /** The first conflicting patches, in the order of the stack; `counts.conflicted` says how many there are. */
  conflicts: z.array(ForecastConflict).max(FORECAST_LIMITS.patches),
});
export type ForecastLook = z.infer<typeof ForecastLook>;

const recorded = {
  /** 1 for the stack's first one. */
  number: z.int().min(1),
  at: Timestamp,
  outcome: ForecastOutcome,
  /** Why there is no look, on `failed`. */
  reason: Reason.optional(),
};

/** One forecast as the API shows it. */
export const Forecast = z
  .object({
    stackId: Name,
    ...recorded,
    ...ForecastLook.partial().shape,
    runner: z.string(),
    /** What the look took. */
    seconds: z.number(),
  })
  .openapi("Forecast");
export type Forecast = z.infer<typeof Forecast>;

/** The newest one, as a stack shows it. */
export const LatestForecast = z
  .object({
    ...recorded,
    ...ForecastLook.pick({ onto: true, head: true, drift: true, counts: true }).partial().shape,
  })
  .openapi("LatestForecast");
export type LatestForecast = z.infer<typeof LatestForecast>;
