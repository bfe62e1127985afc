/**
 * A feed source: one upstream feed, and what to do with what it says.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { HttpUrl, Name, Timestamp } from "./primitives.ts";

export const Provider = z.enum([
  "github",
  "forgejo",
  "gitea",
  "codeberg",
  /** Forgejo, as older files call it. */
  "jojo",
  "gitlab",
  "cgit",
  "pypi",
  "npm",
  "crates",
  "kernel",
  "sourceforge",
  "git",
  "feed",
]);
export type Provider = z.infer<typeof Provider>;

/** What kind of movement the feed tells. */
export const FeedEventKind = z.enum(["release", "tag", "push"]);
export type FeedEventKind = z.infer<typeof FeedEventKind>;

/** The upstream repository, as events carry it. */
export const RepoInfo = z.strictObject({
  owner: z.string().max(200).optional(),
  name: z.string().max(200).optional(),
  fullName: z.string().max(400).optional(),
  webUrl: HttpUrl.optional(),
  defaultBranch: z.string().max(250).optional(),
});
export type RepoInfo = z.infer<typeof RepoInfo>;

/** The feed's address; of the provider `git` the repository's, which may be written `git+https://…`. */
const FeedUrl = z
  .string()
  .max(2048)
  .refine(
    (text) => HttpUrl.safeParse(text.replace(/^git\+/, "")).success,
    "must be an http(s) URL without credentials",
  );

export const FeedTarget = z.discriminatedUnion("mode", [
  /** Record signals and events; start no work. */
  z.strictObject({ mode: z.literal("notify_only") }),
  /** Hand events to these stacks. */
  z.strictObject({ mode: z.literal("maintain"), stacks: z.array(Name).min(1).max(100) }),
]);
export type FeedTarget = z.infer<typeof FeedTarget>;

/** What an operator declares (`PUT /feed-sources/:id`, `patch-moi.json`). */
export const FeedSourceConfig = z
  .strictObject({
    provider: Provider,
    url: FeedUrl,
    event: FeedEventKind,
    repo: RepoInfo.optional(),
    target: FeedTarget.default({ mode: "notify_only" }),
    pollIntervalSeconds: z.int().min(1).max(86_400).default(300),
    /** First poll stores what it finds and starts nothing. */
    primeOnly: z.boolean().default(true),
    enabled: z.boolean().default(true),
  })
  .openapi("FeedSourceConfig");
export type FeedSourceConfig = z.infer<typeof FeedSourceConfig>;

/** How polling of a source goes. */
export const FeedSourceHealth = z.object({
  primed: z.boolean(),
  lastPollAt: Timestamp.optional(),
  lastSuccessAt: Timestamp.optional(),
  nextPollAt: Timestamp.optional(),
  lastOutcome: z.enum(["changed", "unchanged", "not_modified", "failed"]).optional(),
  consecutiveFailures: z.int(),
  lastError: z.object({ code: z.string(), message: z.string(), at: Timestamp }).optional(),
  /** A permanent redirect the server proposed; adopted only by an operator. */
  movedTo: z.string().optional(),
  /** More happened than the feed's window holds; what was missed is being fetched from the repository. */
  gapSince: Timestamp.optional(),
});
export type FeedSourceHealth = z.infer<typeof FeedSourceHealth>;

export const FeedSource = FeedSourceConfig.extend({
  id: Name,
  health: FeedSourceHealth,
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).openapi("FeedSource");
export type FeedSource = z.infer<typeof FeedSource>;
