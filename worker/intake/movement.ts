/**
 * A movement becomes signals, events and deliveries, whoever told it. Pure.
 *
 * @module
 */
import type { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import { type FeedEventKind, type FeedSourceConfig, workspaceTarget } from "../contract/feed-source.ts";
import { flowEventId, type TagMove } from "../contract/flow-event.ts";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import type { StackConfig, StackPolicy } from "../contract/stack.ts";
import { decideRelease } from "../releases/release-policy.ts";
import type { IntakeRows } from "../store/feed-entries.ts";

/** A stack that the source feeds. */
export type FollowingStack = { stackId: string; upstream?: string } & Pick<StackPolicy, "releases" | "advisories">;

export function followingStack(stackId: string, { policy, upstream }: StackConfig): FollowingStack {
  const where = upstream === undefined ? {} : { upstream: upstream.url };
  return { stackId, ...where, releases: policy.releases, advisories: policy.advisories };
}

export type PlannedEntry = IntakeRows["entries"][number];
export type PlannedSignal = IntakeRows["signals"][number];
export type PlannedEvent = IntakeRows["events"][number];
export type PlannedDelivery = IntakeRows["deliveries"][number];

export type IntakePlan = {
  entries: PlannedEntry[];
  /** Oldest first, as all that follows. */
  signals: PlannedSignal[];
  events: PlannedEvent[];
  deliveries: PlannedDelivery[];
  /** More may have happened than the feed's window shows. */
  gap: boolean;
};

/** What signals and events are made from, whoever told the movement. */
export type MovementContext = {
  sourceId: string;
  config: FeedSourceConfig;
  stacks: readonly FollowingStack[];
  now: string;
};

export const emptyPlan = (): IntakePlan => ({ entries: [], signals: [], events: [], deliveries: [], gap: false });

const EVENT_TYPES: Readonly<Record<FeedEventKind, FlowEventType>> = {
  release: "upstream.release",
  tag: "upstream.tag",
  push: "upstream.push",
  advisory: "upstream.advisory",
};

/** A new movement: filtered by the stacks' policies, or an event for those that let it through. */
export function emit(plan: IntakePlan, input: MovementContext, entry: FeedEntry, revision: number): void {
  emitAs(plan, input, entry, revision, eventFor(input, entry, revision));
}

/**
 * A tag that was bare and is a release now: one event for all time, beside the tag's own. To a stack that
 * acted on the tag it is the same movement; one that never heard of it, as it was there before we
 * watched, hears of it now.
 */
export function emitRelease(plan: IntakePlan, input: MovementContext, entry: FeedEntry, revision: number): void {
  const event = eventFor(input, entry, revision);
  const id = flowEventId(input.sourceId, `${entry.entryId}#release`, event.type);
  emitAs(plan, input, entry, revision, { ...event, id });
}

/**
 * A movement that was taken back and is there again. A stack that acted on it has done so; one that did not
 * hears of it.
 */
export function emitRepublished(plan: IntakePlan, input: MovementContext, entry: FeedEntry, revision: number): void {
  const event = eventFor(input, entry, revision, { type: "upstream.republished" });
  const { decisions, receivers } = judge(input, entry);
  const told = input.config.target.mode === "notify_only" || receivers.length > 0;
  plan.signals.push({
    ...signal(input, entry, revision, "republished", decisions),
    ...(told ? { eventId: event.id } : {}),
  });
  if (told) plan.events.push(event);
  for (const stackId of receivers) plan.deliveries.push({ eventId: event.id, stackId });
}

/** Other words for the same movement: kept, and an event for the record where the source asks for it. No stack acts on it. */
export function emitEdit(plan: IntakePlan, input: MovementContext, entry: FeedEntry, revision: number): void {
  const edited = signal(input, entry, revision, "edited");
  if (!input.config.edits) {
    plan.signals.push(edited);
    return;
  }
  const event = eventFor(input, entry, revision, { type: "upstream.edited" });
  plan.signals.push({ ...edited, eventId: event.id });
  plan.events.push(event);
}

/** A tag that names another commit than before: an event with both, for the stacks that follow it. */
export function emitMoved(
  plan: IntakePlan,
  input: MovementContext,
  entry: FeedEntry,
  revision: number,
  moved: TagMove,
): void {
  const event = eventFor(input, entry, revision, { type: "upstream.tag_moved", moved });
  const { decisions, receivers } = judge(input, entry);
  plan.signals.push({ ...signal(input, entry, revision, "moved", decisions), eventId: event.id });
  plan.events.push(event);
  for (const stackId of receivers) plan.deliveries.push({ eventId: event.id, stackId });
}

function emitAs(
  plan: IntakePlan,
  input: MovementContext,
  entry: FeedEntry,
  revision: number,
  event: PlannedEvent,
): void {
  const { decisions, receivers } = judge(input, entry);
  if (input.config.target.mode !== "notify_only" && receivers.length === 0) {
    plan.signals.push(signal(input, entry, revision, "filtered", decisions));
    return;
  }
  plan.signals.push({ ...signal(input, entry, revision, "event", decisions), eventId: event.id });
  plan.events.push(event);
  for (const stackId of receivers) plan.deliveries.push({ eventId: event.id, stackId });
}

function judge(input: MovementContext, entry: FeedEntry): { decisions: FilterDecision[]; receivers: string[] } {
  const decisions = input.stacks.map((stack) => decide(stack, input.config.event, entry));
  return { decisions, receivers: decisions.filter(({ pass }) => pass).map(({ stackId }) => stackId) };
}

/** Whether a stack follows a movement, by its release policy. A push has no version to judge. */
export function decide(stack: FollowingStack, event: FeedEventKind, entry: FeedEntry): FilterDecision {
  if (event === "push") return { stackId: stack.stackId, pass: true, code: "passed", message: "every push counts" };
  if (event === "advisory") return decideAdvisory(stack);
  if (entry.tag === undefined) return { stackId: stack.stackId, pass: false, code: "no_tag", message: noTag(entry) };
  return { stackId: stack.stackId, ...decideRelease(stack.releases, entry.tag, entry.prerelease) };
}

function noTag({ entryId, version }: FeedEntry): string {
  if (version === undefined) return `'${entryId}' names no tag`;
  return `no tag of upstream names the version ${version}; set the source's repo.webUrl to upstream's Git repository, or its tag to a template`;
}

/** Whether it concerns the stack depends on where the stack stands, which the stack itself knows. */
function decideAdvisory({ stackId, advisories }: FollowingStack): FilterDecision {
  return advisories === "ignore"
    ? { stackId, pass: false, code: "advisories_off", message: "policy.advisories is ignore" }
    : { stackId, pass: true, code: "passed", message: `policy.advisories is ${advisories}` };
}

/** @param what of what is no plain release, tag or push: what it is instead */
export function eventFor(
  input: MovementContext,
  entry: FeedEntry,
  revision: number,
  what: { type?: FlowEventType; moved?: TagMove } = {},
): PlannedEvent {
  const { eventType, payload: extra } = workspaceTarget(input.config.target) ?? {};
  const type = what.type ?? eventType ?? EVENT_TYPES[input.config.event];
  const occurredAt = entry.publishedAt ?? entry.updatedAt;
  return {
    id: flowEventId(input.sourceId, entry.entryId, type, revision),
    type,
    sourceId: input.sourceId,
    ...(occurredAt === undefined ? {} : { occurredAt }),
    receivedAt: input.now,
    payload: {
      provider: input.config.provider,
      ...(input.config.repo === undefined ? {} : { repo: input.config.repo }),
      entry,
      ...(what.moved === undefined ? {} : { moved: what.moved }),
      ...(extra === undefined ? {} : { extra }),
    },
  };
}

export function signal(
  input: MovementContext,
  entry: FeedEntry,
  revision: number,
  disposition: SignalDisposition,
  decisions: FilterDecision[] = [],
): PlannedSignal {
  return {
    sourceId: input.sourceId,
    entryId: entry.entryId,
    revision,
    entry,
    disposition,
    decisions,
    seenAt: input.now,
  };
}
