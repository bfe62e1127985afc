/**
 * How a deployment is: what is wrong with it, and what one tick of its cron did.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Timestamp } from "./primitives.ts";

/** Something that is not as it should be, and how to mend it. */
export const Finding = z
  .object({
    /** Which part: `database`, `migrations`, `secrets`, `keys`, `cron`, `intake`, `polls`, `gaps`, `deliveries`, `effects`, `runners`, `forges`, `imports`. */
    what: z.string(),
    level: z.enum(["warning", "error"]),
    why: z.string(),
    /** What a person does about it. */
    next: z.string(),
  })
  .openapi("Finding");
export type Finding = z.infer<typeof Finding>;

/** `GET /healthz`; everything but `ok` only with `?deep=1` and a token. */
export const Health = z
  .object({
    ok: z.boolean(),
    version: z.string().optional(),
    /** The edge's own clock. */
    at: Timestamp.optional(),
    /** What was looked at and found in order. */
    healthy: z.array(z.string()).optional(),
    degraded: z.array(Finding).optional(),
  })
  .openapi("Health");
export type Health = z.infer<typeof Health>;

/** `POST /tick`: what the cron does every minute, done now. */
export const Tick = z
  .object({
    at: Timestamp,
    /** Sources whose polls were queued. */
    polls: z.int(),
    /** Stacks whose objects were woken because their time had passed. */
    pokes: z.int(),
    /** Parts that failed, each with its error. */
    failed: z.array(z.string()),
  })
  .openapi("Tick");
export type Tick = z.infer<typeof Tick>;
