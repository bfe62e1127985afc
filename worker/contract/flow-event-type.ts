/**
 * Types of flow events.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** `upstream.release`, `upstream.tag`, `upstream.push`, `upstream.advisory`, `upstream.tag_moved`, `upstream.republished`, `upstream.edited`, or what a source's target names. */
export const FlowEventType = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/, "must be lower-case words with dots between, as 'upstream.release'");
export type FlowEventType = z.infer<typeof FlowEventType>;
