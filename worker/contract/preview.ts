/**
 * `POST /feed-sources/preview`: what a feed would become, without storing anything.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FeedEntry, FilterDecision } from "./feed-signal.ts";
import { FeedSourceConfig } from "./feed-source.ts";
import { FlowEvent } from "./flow-event.ts";
import { Name } from "./primitives.ts";

export const FeedFormat = z.enum([
  "atom",
  "rss",
  "rdf",
  "json-feed",
  "kernel-releases",
  "npm",
  "pypi-json",
  "crates",
  "git-refs",
  "osv",
  "github-advisories",
]);
export type FeedFormat = z.infer<typeof FeedFormat>;

/** Exactly one of `url` and `body`; the other fields are those of a source, all optional. */
export const PreviewInput = z
  .strictObject({
    ...FeedSourceConfig.partial().shape,
    /** A feed's own text, when it is not to be fetched. */
    body: z.string().optional(),
    id: Name.default("preview"),
    /** Judge by the policy of this stack, as if the source fed it. */
    stack: Name.optional(),
  })
  .refine((p) => p.url !== undefined || p.body !== undefined, "give a url to fetch, or a body")
  .openapi("PreviewInput");
export type PreviewInput = z.infer<typeof PreviewInput>;

export const Preview = z
  .object({
    format: FeedFormat,
    title: z.string().optional(),
    entries: z.array(FeedEntry),
    /** Newest last: the order in which they would be handed on. */
    signals: z.array(
      FeedEntry.extend({
        sourceId: Name,
        disposition: z.enum(["event", "filtered"]),
        decisions: z.array(FilterDecision),
      }),
    ),
    events: z.array(FlowEvent),
    /** Entries that could not be read, and why. */
    warnings: z.array(z.string()),
  })
  .openapi("Preview");
export type Preview = z.infer<typeof Preview>;
