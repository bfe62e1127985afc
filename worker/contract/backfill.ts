/**
 * `POST /stacks/:id/backfill`: past movements that pass today's release policy become events.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FeedEntry, FilterDecision } from "./feed-signal.ts";
import { FlowEvent } from "./flow-event.ts";
import { Name, Timestamp } from "./primitives.ts";

export const BackfillInput = z
  .strictObject({
    /** A day is its beginning in UTC. */
    since: z.union([Timestamp, z.iso.date()]).transform((at) => new Date(at).toISOString()),
    /** `nextCursor` of the answer before: goes on from there. */
    cursor: z.string().max(200).optional(),
  })
  .openapi("BackfillInput");

export const BackfillAnswer = z
  .object({
    events: z.array(FlowEvent),
    /** Movements that today's policy does not let through either, and why. */
    left: z.array(FeedEntry.extend({ sourceId: Name, decision: FilterDecision })),
    /** There were more signals than one call looks at: call again with it. */
    nextCursor: z.string().optional(),
  })
  .openapi("BackfillAnswer");
export type BackfillAnswer = z.infer<typeof BackfillAnswer>;
