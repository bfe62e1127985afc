/**
 * The answer of `GET /flow-events/:id`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Dispatch, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { FlowEvent } from "../../worker/contract/flow-event.ts";

export const EventDetail = z.object({
  event: FlowEvent,
  dispatches: z.array(Dispatch),
  attempts: z.array(MaintenanceAttempt),
});
export type EventDetail = z.infer<typeof EventDetail>;
