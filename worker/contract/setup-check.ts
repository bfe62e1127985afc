/**
 * A look at whether a stack's forge and this deployment understand each other: a run is started whose job
 * claims nothing and only proves who it is.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Reason, Timestamp } from "./primitives.ts";
import { SurfaceRun } from "./surface.ts";

export const SetupCheck = z
  .object({
    id: z.string(),
    stackId: Name,
    /**
     * `waiting`: the run is started, and no job of it has proved itself yet; `reason` is then why the last one
     * that came was not let in. `proved` and `failed` are final.
     */
    state: z.enum(["waiting", "proved", "failed"]),
    reason: Reason.optional(),
    /** `github-9001`, a forge's run, or `runner:builder-1`, a registered runner in it. */
    provedAs: z.string().optional(),
    runs: z.array(SurfaceRun),
    createdAt: Timestamp,
    /** No job is let in after this. */
    expiresAt: Timestamp,
  })
  .openapi("SetupCheck");
export type SetupCheck = z.infer<typeof SetupCheck>;

/** Stack ids hold no colon, so a check is never taken for an attempt. */
const ID = /^check:([^:]{1,64}):[0-9a-f]{16}$/;

/** The id of a new check, with 64 bits that nobody can foresee. */
export function checkId(stackId: string, random: string): string {
  return `check:${stackId}:${random}`;
}

/** The stack that a check is about; undefined for an id that is no check's. */
export function stackOfCheck(id: string): string | undefined {
  return ID.exec(id)?.[1];
}
