/**
 * Channels: consumers of a stack's candidates. Each has a branch in the fork that stands on the candidate
 * promoted to it last.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Oid, Timestamp } from "./primitives.ts";

/**
 * What moves a channel by itself: every candidate, those of upstream's releases (no prereleases, no
 * pushes), or nothing. A person may promote to any of them.
 */
export const ChannelPolicy = z
  .strictObject({ follows: z.enum(["candidates", "releases", "manual"]) })
  .openapi("ChannelPolicy");
export type ChannelPolicy = z.infer<typeof ChannelPolicy>;

/** Each promotion is work of its own: more than a few would hold up the stack's. */
const MOST_CHANNELS = 20;

export const Channels = z
  .record(Name, ChannelPolicy)
  .refine((channels) => Object.keys(channels).length <= MOST_CHANNELS, `may be ${MOST_CHANNELS} at most`);
export type Channels = z.infer<typeof Channels>;

/** The channel's branch in the fork. */
export function channelRef(stackId: string, channel: string): string {
  return `refs/heads/patch-moi/${stackId}/channel/${channel}`;
}

/** What a channel stands on, by the record. */
export const ChannelPointer = z.object({
  candidateId: z.string(),
  /** The attempt that moved it there. */
  attemptId: z.string(),
  oid: Oid,
  tag: z.string().optional(),
  /** `policy`, or `operator:<token name>` */
  actor: z.string(),
  at: Timestamp,
});
export type ChannelPointer = z.infer<typeof ChannelPointer>;

/** A channel as `GET /stacks/:id/channels` shows it. */
export const Channel = z
  .object({
    channel: Name,
    /** Absent where the stack does not declare it any more. */
    follows: ChannelPolicy.shape.follows.optional(),
    ref: z.string(),
    /** Absent before the first promotion. */
    promoted: ChannelPointer.optional(),
  })
  .openapi("Channel");
export type Channel = z.infer<typeof Channel>;

export const PromoteInput = z.strictObject({ channel: Name }).openapi("PromoteInput");
export type PromoteInput = z.infer<typeof PromoteInput>;
