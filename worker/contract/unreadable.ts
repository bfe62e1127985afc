/**
 * A declaration that the running version cannot read: a newer one took it, and was taken back.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Timestamp } from "./primitives.ts";

/** What a list says of it instead of showing it. */
export const Unreadable = z
  .object({
    id: Name,
    /** What in the declaration is not known, for a person. */
    problem: z.string(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .openapi("Unreadable");
export type Unreadable = z.infer<typeof Unreadable>;
