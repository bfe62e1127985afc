/**
 * Entries read from a feed, and the signals recorded from them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Advisory } from "./advisory.ts";
import { Name, Timestamp } from "./primitives.ts";

/** One entry of a feed, normalized. Absent is absent, never invented. */
export const FeedEntry = z
  .object({
    /** Stable key of the movement: the feed's own id where it is stable, else derived (see intake). */
    entryId: z.string().min(1).max(1024),
    title: z.string().optional(),
    url: z.string().optional(),
    author: z.string().optional(),
    publishedAt: Timestamp.optional(),
    updatedAt: Timestamp.optional(),
    /** As a package registry names it. */
    version: z.string().optional(),
    tag: z.string().optional(),
    ref: z.string().optional(),
    sha: z.string().optional(),
    prerelease: z.boolean().optional(),
    /** Of a security advisory: what it says of versions. */
    advisory: Advisory.optional(),
  })
  .openapi("FeedEntry");
export type FeedEntry = z.infer<typeof FeedEntry>;

/** What became of a signal. */
export const SignalDisposition = z.enum([
  /** Seen at the first poll: the state of the world before we watched. */
  "primed",
  /** Became the event named in `eventId`. */
  "event",
  /** No stack's release policy lets it through. */
  "filtered",
  /** An edit of something already known: stored, and an event in `eventId` where the source asks for one (`edits`). */
  "edited",
  /** A tag that names another commit than before; became the event named in `eventId`. */
  "moved",
  /** Taken back, gone for two good polls at least, and there again; the event in `eventId`, where a stack follows it. */
  "republished",
]);
export type SignalDisposition = z.infer<typeof SignalDisposition>;

/** Whether one stack's release policy lets a signal through, and why not. */
export const FilterDecision = z.object({
  stackId: Name,
  pass: z.boolean(),
  code: z.string(),
  message: z.string(),
});
export type FilterDecision = z.infer<typeof FilterDecision>;

export const FeedSignal = FeedEntry.extend({
  sourceId: Name,
  /** 0 for the first sight of an entry, n for its n-th later revision. */
  revision: z.int(),
  disposition: SignalDisposition,
  decisions: z.array(FilterDecision),
  eventId: z.string().optional(),
  seenAt: Timestamp,
}).openapi("FeedSignal");
export type FeedSignal = z.infer<typeof FeedSignal>;
