/**
 * What a poll means: entries that are new or edited, signals, events and who gets them. Pure.
 *
 * An entry is known by its key alone. Its place in the feed and its dates say nothing about whether it
 * is new; they only put several new ones of one poll in order.
 *
 * @module
 */
import type { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import type { FeedEventKind, FeedSourceConfig } from "../contract/feed-source.ts";
import { type FlowEventPayload, type FlowEventType, flowEventId } from "../contract/flow-event.ts";
import type { ReleasePolicy } from "../contract/stack.ts";
import { decideRelease } from "../releases/release-policy.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";

export type KnownEntry = { entryId: string; fingerprint: string; revision: number };

/** A stack that the source feeds. */
export type FollowingStack = { stackId: string; releases: ReleasePolicy };

export type IntakeInput = {
  sourceId: string;
  config: FeedSourceConfig;
  /** Whether a poll of this feed ever succeeded. */
  primed: boolean;
  /** Whether the rows of that first poll are still there. */
  seeded: boolean;
  known: ReadonlyMap<string, KnownEntry>;
  /** In the order of the feed. */
  entries: readonly NormalizedEntry[];
  stacks: readonly FollowingStack[];
  now: string;
};

export type PlannedEntry = KnownEntry & { firstSeenAt: string; lastSeenAt: string };

export type PlannedSignal = {
  sourceId: string;
  entryId: string;
  revision: number;
  entry: FeedEntry;
  disposition: SignalDisposition;
  decisions: FilterDecision[];
  eventId?: string;
  seenAt: string;
};

export type PlannedEvent = {
  id: string;
  type: FlowEventType;
  sourceId: string;
  occurredAt?: string;
  receivedAt: string;
  payload: FlowEventPayload;
};

export type PlannedDelivery = { eventId: string; stackId: string };

export type IntakePlan = {
  entries: PlannedEntry[];
  /** Oldest first, as all that follows. */
  signals: PlannedSignal[];
  events: PlannedEvent[];
  deliveries: PlannedDelivery[];
};

const EVENT_TYPES: Readonly<Record<FeedEventKind, FlowEventType>> = {
  release: "upstream.release",
  tag: "upstream.tag",
  push: "upstream.push",
};

/** Decides what a poll's entries are, against the keys that are known. */
export function planIntake(input: IntakeInput): IntakePlan {
  const plan: IntakePlan = { entries: [], signals: [], events: [], deliveries: [] };
  const priming = primes(input);
  for (const { entry, fingerprint } of oldestFirst(input.entries)) {
    const known = input.known.get(entry.entryId);
    if (known?.fingerprint === fingerprint) continue;
    const revision = known === undefined ? 0 : known.revision + 1;
    plan.entries.push({ entryId: entry.entryId, fingerprint, revision, firstSeenAt: input.now, lastSeenAt: input.now });
    if (known !== undefined) plan.signals.push(signal(input, entry, revision, "edited"));
    else if (priming) plan.signals.push(signal(input, entry, revision, "primed"));
    else emit(plan, input, entry, revision);
  }
  return plan;
}

/**
 * Whether what is new is only the state of the world before we watched. A source whose rows are gone
 * re-seeds whatever it was told, or it would flood. A source whose address changed primes too, unless
 * its new feed tells entries that are known: then it is the same feed, and what is new is news.
 */
function primes(input: IntakeInput): boolean {
  if (input.primed && !input.seeded) return true;
  return !input.primed && input.config.primeOnly && input.known.size === 0;
}

/** A new movement: filtered by the stacks' policies, or an event for those that let it through. */
function emit(plan: IntakePlan, input: IntakeInput, entry: FeedEntry, revision: number): void {
  const decisions = input.stacks.map((stack) => decide(stack, input.config.event, entry));
  const receivers = decisions.filter((decision) => decision.pass).map((decision) => decision.stackId);
  if (input.config.target.mode === "maintain" && receivers.length === 0) {
    plan.signals.push(signal(input, entry, revision, "filtered", decisions));
    return;
  }
  const event = eventFor(input, entry, revision);
  plan.signals.push({ ...signal(input, entry, revision, "event", decisions), eventId: event.id });
  plan.events.push(event);
  for (const stackId of receivers) plan.deliveries.push({ eventId: event.id, stackId });
}

/** Whether a stack follows a movement, by its release policy. A push has no version to judge. */
export function decide(stack: FollowingStack, event: FeedEventKind, entry: FeedEntry): FilterDecision {
  if (event === "push") return { stackId: stack.stackId, pass: true, code: "passed", message: "every push counts" };
  if (entry.tag === undefined)
    return { stackId: stack.stackId, pass: false, code: "no_tag", message: `'${entry.entryId}' names no tag` };
  return { stackId: stack.stackId, ...decideRelease(stack.releases, entry.tag, entry.prerelease) };
}

function eventFor(input: IntakeInput, entry: FeedEntry, revision: number): PlannedEvent {
  const type = EVENT_TYPES[input.config.event];
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
    },
  };
}

function signal(
  input: IntakeInput,
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

/**
 * Feeds stand newest first, except where they do not (merged commits, backports, PyPI). Dates order
 * the entries where every one of them has one; else the feed's own order does.
 */
function oldestFirst(entries: readonly NormalizedEntry[]): NormalizedEntry[] {
  const reversed = entries.toReversed();
  const dated = reversed.map((item) => ({ item, date: item.entry.publishedAt ?? item.entry.updatedAt }));
  if (dated.some(({ date }) => date === undefined)) return reversed;
  return dated
    .toSorted((a, b) => ((a.date ?? "") < (b.date ?? "") ? -1 : a.date === b.date ? 0 : 1))
    .map(({ item }) => item);
}
