/**
 * The flow event: one upstream movement, durable and deterministic.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FeedEntry } from "./feed-signal.ts";
import { Provider, RepoInfo } from "./feed-source.ts";
import { FlowEventType } from "./flow-event-type.ts";
import { Name, Oid, RefName, Timestamp } from "./primitives.ts";

/** `patch:<sourceId>:<entryId>:<eventType>`, with `:r<n>` for the n-th later revision of the entry. */
export function flowEventId(sourceId: string, entryId: string, type: FlowEventType, revision = 0): string {
  const id = `patch:${sourceId}:${entryId}:${type}`;
  return revision > 0 ? `${id}:r${revision}` : id;
}

export const TagMove = z.strictObject({ from: Oid, to: Oid });
export type TagMove = z.infer<typeof TagMove>;

/** What the event says of the movement: the entry, and where it was seen. */
export const FlowEventPayload = z.object({
  provider: Provider.optional(),
  repo: RepoInfo.optional(),
  entry: FeedEntry,
  /** Of a moved tag: the commits it named before and now. */
  moved: TagMove.optional(),
  /** What the source's target says to send along; for who does the work, never read here. */
  extra: z.record(z.string(), z.unknown()).optional(),
});
export type FlowEventPayload = z.infer<typeof FlowEventPayload>;

export const FlowEvent = z
  .object({
    id: z.string().min(1).max(1400),
    type: FlowEventType,
    sourceId: Name.optional(),
    occurredAt: Timestamp.optional(),
    receivedAt: Timestamp,
    payload: FlowEventPayload,
    /** Stacks the event was handed to, or will be. */
    stackIds: z.array(Name),
  })
  .openapi("FlowEvent");
export type FlowEvent = z.infer<typeof FlowEvent>;

/** An event accepted by hand: `POST /flow-events`. The same id with the same content is the same event. */
export const FlowEventInput = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(1400)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
      .regex(/^[^\u0000-\u0020\u007f]+$/, "may not hold spaces or control characters"),
    type: FlowEventType,
    sourceId: Name.optional(),
    occurredAt: Timestamp.optional(),
    payload: z.strictObject({
      provider: Provider.optional(),
      repo: RepoInfo.optional(),
      // A runner fetches these by name: what Git would not take for a ref or an object goes no further.
      entry: z.strictObject({
        ...FeedEntry.shape,
        tag: RefName.optional(),
        ref: RefName.optional(),
        sha: Oid.optional(),
      }),
      moved: TagMove.optional(),
      extra: z.record(z.string(), z.unknown()).optional(),
    }),
    /** Stacks to hand it to; without it, those of the source. */
    stackIds: z.array(Name).min(1).max(100).optional(),
  })
  .openapi("FlowEventInput");
export type FlowEventInput = z.infer<typeof FlowEventInput>;
