/**
 * What waits for a person, and what became of an upstream version.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { AttemptStatus } from "./attempt.ts";
import { FilterDecision, SignalDisposition } from "./feed-signal.ts";
import { Name, Reason, Timestamp } from "./primitives.ts";

export const InterventionKind = z.enum(["attempt", "dead_letter", "source_failing"]);
export type InterventionKind = z.infer<typeof InterventionKind>;

/** Something that nobody but a person can move on. */
export const Intervention = z
  .object({
    /** `attempt:<id>`, `effect:<id>` or `source:<id>` */
    id: z.string(),
    kind: InterventionKind,
    since: Timestamp,
    stackId: Name.optional(),
    attemptId: z.string().optional(),
    sourceId: Name.optional(),
    reason: Reason,
    /** What a person can do, the usual thing first. */
    whatToDo: z.array(z.string()),
  })
  .openapi("Intervention");
export type Intervention = z.infer<typeof Intervention>;

/** One thing the record says about a version. */
export const WhyFact = z
  .object({
    at: Timestamp,
    /** `seen`: a source told it. `attempt`: the stack acted, or decided not to. */
    kind: z.enum(["seen", "attempt"]),
    sourceId: Name.optional(),
    disposition: SignalDisposition.optional(),
    decision: FilterDecision.optional(),
    eventId: z.string().optional(),
    attemptId: z.string().optional(),
    status: AttemptStatus.optional(),
    reason: Reason.optional(),
  })
  .openapi("WhyFact");
export type WhyFact = z.infer<typeof WhyFact>;

/** `GET /stacks/:id/why?version=`: from the record alone. */
export const Why = z
  .object({
    stackId: Name,
    version: z.string(),
    /** Tags that were looked for. */
    tags: z.array(z.string()),
    verdict: z.enum([
      "never_seen",
      "primed",
      "filtered",
      "skipped",
      "superseded",
      "held",
      "working",
      "done",
      "ended_badly",
    ]),
    /** The verdict as a sentence. */
    message: z.string(),
    /** Oldest first. */
    facts: z.array(WhyFact),
  })
  .openapi("Why");
export type Why = z.infer<typeof Why>;
