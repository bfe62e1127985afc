/**
 * What a poll means: entries that are new or edited, signals, events and who gets them. Pure.
 *
 * An entry is known by its key alone. Its place in the feed and its dates say nothing about whether it
 * is new; they only put several new ones of one poll in order.
 *
 * @module
 */
import type { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import { type FeedEventKind, type FeedSourceConfig, workspaceTarget } from "../contract/feed-source.ts";
import { type FlowEventPayload, flowEventId, type TagMove } from "../contract/flow-event.ts";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import type { StackConfig, StackPolicy } from "../contract/stack.ts";
import { decideRelease } from "../releases/release-policy.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";

/** Fingerprint of an entry that the remote's refs told of and no feed did so far. */
export const REFS_ONLY = "";

/**
 * Fingerprint of an entry that a webhook told and no feed did so far, or whose row was evicted: known and
 * dealt with, but not read.
 */
export const WEBHOOK_ONLY = "webhook";

/** Before the digest of an entry that the feed told as a tag without a release. */
const BARE = "bare-";

export type KnownEntry = {
  entryId: string;
  /** {@link REFS_ONLY}, {@link WEBHOOK_ONLY}, or a digest of what the feed said, marked where that was a bare tag. */
  fingerprint: string;
  revision: number;
  tag: string | null;
  /** Commit behind the tag when the refs were last read. */
  commit: string | null;
  firstSeenAt: string;
};

/** A stack that the source feeds. */
export type FollowingStack = { stackId: string; upstream?: string } & Pick<StackPolicy, "releases" | "advisories">;

export function followingStack(stackId: string, { policy, upstream }: StackConfig): FollowingStack {
  const where = upstream === undefined ? {} : { upstream: upstream.url };
  return { stackId, ...where, releases: policy.releases, advisories: policy.advisories };
}

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
  /** Entries that this feed holds at most, where that is known. */
  window?: number | undefined;
  now: string;
};

export type PlannedEntry = KnownEntry & { lastSeenAt: string };

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
  /** More may have happened than the feed's window shows. */
  gap: boolean;
};

/** What signals and events are made from, whoever told the movement. */
export type MovementContext = Pick<IntakeInput, "sourceId" | "config" | "stacks" | "now">;

export const emptyPlan = (): IntakePlan => ({ entries: [], signals: [], events: [], deliveries: [], gap: false });

const EVENT_TYPES: Readonly<Record<FeedEventKind, FlowEventType>> = {
  release: "upstream.release",
  tag: "upstream.tag",
  push: "upstream.push",
  advisory: "upstream.advisory",
};

/** Decides what a poll's entries are, against the keys that are known. */
export function planIntake(input: IntakeInput): IntakePlan {
  const plan = emptyPlan();
  const find = knownFinder(input.known.values());
  const priming = primes(input);
  const told = input.entries.map(({ entry }) => isTold(find(entry)));
  const news = new Set<FeedEntry>();
  for (const { entry: said, fingerprint: digest, form } of oldestFirst(input.entries)) {
    const known = find(said);
    if (known?.fingerprint.replace(BARE, "") === digest) continue;
    const bare = known !== undefined && isBare(known) ? form !== "release" : form === "bare";
    // What a webhook called a release is one, however long a cache shows what was there before.
    const fingerprint = bare && known?.fingerprint !== WEBHOOK_ONLY ? `${BARE}${digest}` : digest;
    // The refs may have named it first, under another id: that one stays.
    const entry = known === undefined ? said : { ...said, entryId: known.entryId };
    const fresh =
      known === undefined || (known.fingerprint === REFS_ONLY && (!input.primed || isNews(input, said, known, told)));
    const revision = known === undefined ? 0 : known.revision + (isTold(known) ? 1 : 0);
    plan.entries.push({
      entryId: entry.entryId,
      fingerprint,
      revision,
      tag: entry.tag ?? known?.tag ?? null,
      commit: known?.commit ?? null,
      firstSeenAt: input.now,
      lastSeenAt: input.now,
    });
    // For the gap rule it is as new as any: the feed has not told it before.
    if (known?.fingerprint === WEBHOOK_ONLY) news.add(said);
    if (fresh && priming) plan.signals.push(signal(input, entry, 0, "primed"));
    else if (fresh) {
      news.add(said);
      // Of a movement that the refs told and that was emitted then, this makes the same ids: nothing new.
      emit(plan, input, entry, 0);
    } else if (known !== undefined && isBare(known) && form === "release") emitRelease(plan, input, entry, revision);
    else if (isTold(known) && tellsAnew(input, known, fingerprint)) emit(plan, input, entry, revision);
    else if (isTold(known)) plan.signals.push(signal(input, entry, revision, "edited"));
  }
  const oldest = input.entries.at(-1)?.entry;
  plan.gap = oldest !== undefined && news.has(oldest) && input.entries.length >= (input.window ?? 1);
  return plan;
}

/** Finds an entry by its id, or by its tag: the refs know no ids. */
function knownFinder(known: Iterable<KnownEntry>): (entry: FeedEntry) => KnownEntry | undefined {
  const byId = new Map<string, KnownEntry>();
  const byTag = new Map<string, KnownEntry>();
  for (const entry of known) {
    byId.set(entry.entryId, entry);
    if (entry.tag !== null) byTag.set(entry.tag, entry);
  }
  return (entry) => byId.get(entry.entryId) ?? (entry.tag === undefined ? undefined : byTag.get(entry.tag));
}

function isTold(known: KnownEntry | undefined): boolean {
  return known !== undefined && known.fingerprint !== REFS_ONLY && known.fingerprint !== WEBHOOK_ONLY;
}

export function isBare(known: Pick<KnownEntry, "fingerprint">): boolean {
  return known.fingerprint.startsWith(BARE);
}

/** An advisory that now says something else of versions is news to whoever acted on it; new words are not. */
function tellsAnew(input: IntakeInput, known: KnownEntry | undefined, fingerprint: string): boolean {
  const facts = (text: string | undefined) => text?.split("-")[0];
  return input.config.event === "advisory" && facts(known?.fingerprint) !== facts(fingerprint);
}

/**
 * An old tag that the feed had not told so far is news when it was released now: then it stands above
 * entries that were told before. Below all of them it only slid into the window because another went;
 * so it did, wherever it stands, with a date from before the tag was known.
 */
function isNews(input: IntakeInput, entry: FeedEntry, known: KnownEntry, told: readonly boolean[]): boolean {
  if (input.config.event !== "release") return false;
  const date = entry.updatedAt ?? entry.publishedAt;
  if (date !== undefined && date < known.firstSeenAt) return false;
  return told.lastIndexOf(true) > input.entries.findIndex((item) => item.entry === entry);
}

/**
 * Whether what is new is only the state of the world before we watched. A source whose rows are gone
 * re-seeds whatever it was told, or it would flood. A source whose address changed primes too, unless
 * its new feed tells entries that are known: then it is the same feed, and what is new is news.
 */
function primes(input: IntakeInput): boolean {
  if (input.primed && !input.seeded) return true;
  return !input.primed && input.config.primeOnly && ![...input.known.values()].some(isTold);
}

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

function emitAs(
  plan: IntakePlan,
  input: MovementContext,
  entry: FeedEntry,
  revision: number,
  event: PlannedEvent,
): void {
  const decisions = input.stacks.map((stack) => decide(stack, input.config.event, entry));
  const receivers = decisions.filter((decision) => decision.pass).map((decision) => decision.stackId);
  if (input.config.target.mode !== "notify_only" && receivers.length === 0) {
    plan.signals.push(signal(input, entry, revision, "filtered", decisions));
    return;
  }
  plan.signals.push({ ...signal(input, entry, revision, "event", decisions), eventId: event.id });
  plan.events.push(event);
  for (const stackId of receivers) plan.deliveries.push({ eventId: event.id, stackId });
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

export function eventFor(input: MovementContext, entry: FeedEntry, revision: number, moved?: TagMove): PlannedEvent {
  const { eventType, payload: extra } = workspaceTarget(input.config.target) ?? {};
  const type = moved === undefined ? (eventType ?? EVENT_TYPES[input.config.event]) : "upstream.tag_moved";
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
      ...(moved === undefined ? {} : { moved }),
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
