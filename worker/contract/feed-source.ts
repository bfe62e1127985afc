/**
 * A feed source: one upstream feed, and what to do with what it says.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { PROVIDER_NAMES } from "../providers/index.ts";
import { FlowEventType } from "./flow-event-type.ts";
import { HttpUrl, Name, RefName, RepositoryUrl, Timestamp } from "./primitives.ts";

export const Provider = z.enum(PROVIDER_NAMES);
export type Provider = z.infer<typeof Provider>;

/** What kind of movement the feed tells. */
export const FeedEventKind = z.enum(["release", "tag", "push", "advisory"]);
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

/** What a target says of the stack that is its own, where it names none that is declared. */
const ownStack = {
  /** The stack's id; the source's own without it. */
  stack: Name.optional(),
  /** Upstream's Git repository, where the feed's address does not tell it. */
  upstream: z.strictObject({ url: RepositoryUrl }).optional(),
};

/** Work goes to a workspace backend: this one, the deployment's, or without any to the pull runner's flow packages. */
const toWorkspace = {
  ...ownStack,
  /** http(s) or ws(s). */
  backendUrl: z
    .string()
    .max(2048)
    .refine(
      (text) => HttpUrl.safeParse(text.replace(/^ws(?=s?:)/, "http")).success,
      "must be an http(s) or ws(s) URL without credentials",
    )
    .optional(),
  /** Type of the events that are made: what the backend's flows are triggered by. */
  eventType: FlowEventType.optional(),
  /** Goes with every event as it is. */
  payload: z.record(z.string(), z.unknown()).optional(),
  fork: z.strictObject({ url: RepositoryUrl }).optional(),
  branch: RefName.optional(),
};

export const FeedTarget = z.discriminatedUnion("mode", [
  /** Record signals and events; start no work. */
  z.strictObject({ mode: z.literal("notify_only") }),
  /** Hand events to these stacks. */
  z.strictObject({ mode: z.literal("maintain"), stacks: z.array(Name).min(1).max(100) }),
  /** Carry a fork's branch, in a stack of the source's own. */
  z.strictObject({
    mode: z.literal("fork_sync"),
    ...ownStack,
    fork: z.strictObject({ url: RepositoryUrl }),
    branch: RefName,
  }),
  z.strictObject({ mode: z.literal("workspace_flow"), ...toWorkspace }),
  /** The older name of `workspace_flow`. */
  z.strictObject({ mode: z.literal("flow_dispatch"), ...toWorkspace }),
]);
export type FeedTarget = z.infer<typeof FeedTarget>;

/** A target that brings a stack with it. */
export type OwnStackTarget = Extract<FeedTarget, { mode: "fork_sync" | "workspace_flow" | "flow_dispatch" }>;

/** The target, where it brings a stack with it. */
export function ownStackTarget(target: FeedTarget): OwnStackTarget | undefined {
  return target.mode === "notify_only" || target.mode === "maintain" ? undefined : target;
}

/** The target, where its work is for a workspace. */
export function workspaceTarget(
  target: FeedTarget,
): Extract<FeedTarget, { mode: "workspace_flow" | "flow_dispatch" }> | undefined {
  return target.mode === "workspace_flow" || target.mode === "flow_dispatch" ? target : undefined;
}

/** Stacks that a source hands its events to. */
export function stacksFed(sourceId: string, target: FeedTarget): string[] {
  if (target.mode === "maintain") return [...new Set(target.stacks)];
  const own = ownStackTarget(target);
  return own === undefined ? [] : [own.stack ?? sourceId];
}

/** What an operator declares (`PUT /feed-sources/:id`, `patch-moi.json`). */
export const FeedSourceConfig = z
  .strictObject({
    provider: Provider,
    url: FeedUrl,
    event: FeedEventKind,
    repo: RepoInfo.optional(),
    /** Of advisories: the package they are about; those of other packages in them are left out. */
    package: z.strictObject({ ecosystem: z.string().min(1).max(100), name: z.string().min(1).max(300) }).optional(),
    /** Git tag of a version, for feeds that tell versions only; without it, upstream's tags are looked through. */
    tag: z
      .string()
      .max(200)
      .refine((text) => text.split("<version>").length === 2, "must hold <version> once, as 'v<version>'")
      .optional(),
    target: FeedTarget.default({ mode: "notify_only" }),
    pollIntervalSeconds: z.int().min(1).max(86_400).default(300),
    /** First poll stores what it finds and starts nothing. */
    primeOnly: z.boolean().default(true),
    /** An edit of a known entry is an event too, `upstream.edited`: for the record, no stack acts on it. */
    edits: z.boolean().default(false),
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
  /** More happened than the feed's window holds; what was missed is looked up in the repository. */
  gapSince: Timestamp.optional(),
  /** Why the repository's refs could not be read when they were last asked for, or what is missing to ask. */
  refsError: z.object({ code: z.string(), message: z.string(), at: Timestamp }).optional(),
});
export type FeedSourceHealth = z.infer<typeof FeedSourceHealth>;

export const FeedSource = z
  .object({
    // The shape and not the schema: what extends a strict schema is no instance of it.
    ...FeedSourceConfig.shape,
    id: Name,
    health: FeedSourceHealth,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .openapi("FeedSource");
export type FeedSource = z.infer<typeof FeedSource>;
