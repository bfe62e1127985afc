/**
 * Polls sources: fetch, parse, find what is new, store it as one, deliver, and only then remember the
 * validators. A crash before that costs a repetition, which the keys make harmless; the other way
 * round a 304 would hide what was never stored.
 *
 * The reads and the last write are shared by all sources of a call, so that unchanged ones cost
 * next to nothing.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { PROVIDERS } from "../providers/index.ts";
import { commit, type Database, openDatabase, StorageFault } from "../store/database.ts";
import { type IntakeMarks, type KnownEntries, knownEntries, storeIntake } from "../store/feed-entries.ts";
import {
  type FeedSourceRow,
  findSources,
  followersOf,
  holdHost,
  type PollRecord,
  recordPolls,
} from "../store/feed-sources.ts";
import { askFeed } from "./ask-feed.ts";
import { eachBounded } from "./bounded.ts";
import { deliverPending } from "./deliver.ts";
import type { FeedFetchFailure, Validators } from "./fetch-feed.ts";
import { HostHolds } from "./host-hold.ts";
import type { RemoteRefs } from "./ls-refs.ts";
import { type FollowingStack, followingStack, type IntakePlan } from "./movement.ts";
import { type NormalizedEntry, normalizeFeed } from "./normalize-entry.ts";
import { planIntake } from "./plan-intake.ts";
import type { PollContext } from "./poll-context.ts";
import { fetchRefs, planRepository, refsAreTheFeed } from "./poll-repository.ts";
import { nextPollAt } from "./poll-schedule.ts";
import { reconcileSources } from "./reconcile.ts";
import { recallForgotten, retainSeen } from "./retention.ts";
import { tagVersions } from "./version-tags.ts";

/**
 * How a source's poll ended. `retry`: storage failed, nothing is recorded, and the poll should be made
 * again. `skipped`: it is gone or off, or its host asked for a pause.
 */
export type PollOutcome = { sourceId: string; outcome: PollRecord["outcome"] | "retry" | "skipped" };

type Asked = {
  source: FeedSourceRow;
  at: string;
  validators: Validators;
  movedTo: string | null;
  /** Undefined for 304 and failures. */
  entries?: readonly NormalizedEntry[];
  /** Instead of entries, where the repository itself is the feed. */
  refs?: RemoteRefs;
  failure?: FeedFetchFailure;
};

/**
 * Polls the sources with these ids, and records how it went.
 *
 * @param manual an operator asked: a disabled source is polled too
 */
export async function pollSources(
  context: PollContext,
  sourceIds: readonly string[],
  manual = false,
): Promise<PollOutcome[]> {
  const db = openDatabase(context.env.DB);
  const rows = await findSources(db, sourceIds);
  const sources = rows.filter((row) => manual || row.config.enabled);
  const followers = await followingStacks(db, sources);
  // Before the first poll: what the refs tell then is from before we watched, and what comes later is not.
  const untried = sources.filter(({ reconcileAt, config }) => reconcileAt === null && !refsAreTheFeed(config));
  const early = await reconcileSources(context, db, untried, followers);
  const holds = new HostHolds();
  const answers = await eachBounded(sources, async (source) =>
    holds.holds(source.config.url) ? undefined : ask(context, source, holds),
  );
  // Those of a host that asked for a pause meanwhile have not failed; they wait like the rest of it.
  const asked = answers.filter((answer) => answer !== undefined);
  const ends = await takeIn(context, db, asked, followers);
  await deliverPending(context.env, [...new Set([...early, ...ends.flatMap((end) => end.stackIds)])]);
  await recordEnds(context, db, ends);
  for (const { origin, until } of holds.list()) await holdHost(db, origin, until);
  const now = new Date(context.now()).toISOString();
  const due = ends.filter(
    ({ poll: { source }, plan }) =>
      !refsAreTheFeed(source.config) && (plan?.gap === true || (source.reconcileAt ?? "9") <= now),
  );
  if (due.length > 0) {
    // As they are now: the poll itself may have marked a gap.
    const current = await findSources(
      db,
      due.map(({ poll }) => poll.source.id),
    );
    await deliverPending(context.env, [...new Set(await reconcileSources(context, db, current, followers))]);
  }
  const polled = new Set(asked.map(({ source }) => source.id));
  const skipped = sourceIds.filter((id) => !polled.has(id));
  return [
    ...ends.map(({ poll, outcome }) => ({ sourceId: poll.source.id, outcome })),
    ...skipped.map((sourceId) => ({ sourceId, outcome: "skipped" as const })),
  ];
}

async function ask(context: PollContext, source: FeedSourceRow, holds: HostHolds): Promise<Asked> {
  const validators = { etag: source.etag, lastModified: source.lastModified };
  try {
    const asked = await fetchAndRead(context, source, validators);
    const { status, retryAfterSeconds } = asked.failure ?? {};
    if (retryAfterSeconds !== undefined && (status === 429 || status === 503))
      holds.hold(source.config.url, context.now() + retryAfterSeconds * 1000);
    return asked;
  } catch (error) {
    // A bug, found by one source's data: it must not cost the others of the batch their poll.
    const at = new Date(context.now()).toISOString();
    return { source, at, validators, movedTo: source.movedTo, failure: unexpected(error) };
  }
}

async function fetchAndRead(context: PollContext, source: FeedSourceRow, validators: Validators): Promise<Asked> {
  if (refsAreTheFeed(source.config)) return askRepository(context, source, validators);
  const { provider, event, package: of, tag } = source.config;
  const answer = await askFeed(source.config, validators, context.outbound);
  const at = new Date(context.now()).toISOString();
  const asked = { source, at, validators, movedTo: source.movedTo };
  if (!answer.ok) return { ...asked, failure: answer.failure };
  const movedTo = answer.value.movedTo ?? null;
  const { feed, url } = answer.value;
  if (feed === undefined) return { ...asked, movedTo };
  const { entries, warnings } = normalizeFeed(feed, provider, { event, url, package: of, tag }, at);
  const [warning] = warnings;
  if (entries.length === 0 && warning !== undefined)
    return { ...asked, movedTo, failure: { code: "feed_no_entries", message: `no entry could be read: ${warning}` } };
  // Nothing is concluded from a feed without entries, not even that the next 304 means the same.
  return { ...asked, movedTo, entries, validators: entries.length === 0 ? validators : answer.value.validators };
}

async function askRepository(context: PollContext, source: FeedSourceRow, validators: Validators): Promise<Asked> {
  const answer = await fetchRefs(source.config, context.outbound);
  const asked = { source, at: new Date(context.now()).toISOString(), validators, movedTo: null };
  if (!answer.ok) return { ...asked, failure: answer.failure };
  // Git has no validators; a digest of its answer serves as one, on this side of the wire.
  if (source.etag === answer.value.digest) return asked;
  return { ...asked, refs: answer.value, validators: { etag: answer.value.digest, lastModified: null } };
}

async function takeIn(
  context: PollContext,
  db: Database,
  asked: readonly Asked[],
  followers: ReadonlyMap<string, readonly FollowingStack[]>,
): Promise<PollEnd[]> {
  const read = asked.flatMap(({ source, entries }) =>
    entries === undefined ? [] : [{ sourceId: source.id, entries: entries.map((item) => item.entry) }],
  );
  const known = read.length === 0 ? new Map<string, KnownEntries>() : await knownEntries(db, read);
  await recallForgotten(db, read, known);
  const ends = await eachBounded(asked, async (poll): Promise<PollEnd> => {
    const found = known.get(poll.source.id);
    const stacks = followers.get(poll.source.id) ?? [];
    try {
      return await store(db, await withTags(context, poll, found, stacks), found, stacks);
    } catch (error) {
      return { poll: { ...poll, failure: unexpected(error) }, outcome: "failed", stackIds: [] };
    }
  });
  const stored = new Set(
    ends.flatMap(({ poll, outcome }) => (outcome === "changed" || outcome === "unchanged" ? [poll.source.id] : [])),
  );
  const kept = read.filter(({ sourceId }) => stored.has(sourceId));
  await retainSeen(db, kept, known, context.now());
  return ends;
}

/** The poll with the tags of what tells versions only. While tags are missing, the same is asked for again. */
async function withTags(
  context: PollContext,
  poll: Asked,
  found: KnownEntries | undefined,
  stacks: readonly FollowingStack[],
): Promise<Asked> {
  const { source, entries, at } = poll;
  if (entries === undefined || found === undefined) return poll;
  const isKnown = ({ entryId }: { entryId: string }) => found.known.has(entryId);
  const tagged = await tagVersions(source, entries, isKnown, stacks, at, context.outbound);
  if (!tagged.ok) return { ...poll, failure: tagged.failure };
  const validators = { etag: source.etag, lastModified: source.lastModified };
  return { ...poll, entries: tagged.value.entries, ...(tagged.value.waiting ? { validators } : {}) };
}

async function recordEnds(context: PollContext, db: Database, ends: readonly PollEnd[]): Promise<void> {
  const records = ends.flatMap(({ poll, outcome }) => (outcome === "retry" ? [] : [record(context, poll, outcome)]));
  if (records.length > 0) {
    const failure = await commit(db, [recordPolls(db, records)]);
    if (failure !== undefined) throw new StorageFault(failure.kind === "fault" ? failure.message : failure.column);
  }
  for (const { poll, outcome, plan } of ends) report(poll, outcome, plan);
}

type PollEnd = { poll: Asked; outcome: PollRecord["outcome"] | "retry"; plan?: IntakePlan; stackIds: string[] };

async function store(
  db: Database,
  poll: Asked,
  found: KnownEntries | undefined,
  stacks: readonly FollowingStack[],
): Promise<PollEnd> {
  const { source, at, entries, failure } = poll;
  if (failure !== undefined) return { poll, outcome: "failed", stackIds: [] };
  if (poll.refs !== undefined) {
    const { config, id, primed } = source;
    const { plan, seeded } = await planRepository(db, id, config, poll.refs, stacks, primed, pollNumber(source), at);
    return keep(db, poll, plan, seeded ? {} : { primed: true });
  }
  if (entries === undefined || found === undefined) return { poll, outcome: "not_modified", stackIds: [] };
  const plan = planIntake({
    sourceId: source.id,
    config: source.config,
    primed: source.primed,
    seeded: found.seeded,
    known: found.known,
    standing: found.standing,
    poll: pollNumber(source),
    entries,
    stacks,
    window: PROVIDERS[source.config.provider].window?.[source.config.event],
    now: at,
  });
  const seed = !source.primed || !found.seeded;
  // The gap is on record before anything that a crash could keep from closing it.
  const marks = {
    ...(seed ? { primed: true } : {}),
    // Rows that are gone took the refs' rows with them.
    ...(source.primed && seed ? { refsSeeded: false, reconcileAt: null } : {}),
    ...(plan.gap ? { gapSince: at, reconcileAt: at } : {}),
  };
  return keep(db, poll, plan, marks);
}

/** Which of the source's good polls this one is, if it is one. */
function pollNumber({ polls, failedPolls }: FeedSourceRow): number {
  return polls - failedPolls + 1;
}

/** Commits what a poll found. */
async function keep(db: Database, poll: Asked, plan: IntakePlan, marks: IntakeMarks): Promise<PollEnd> {
  const { source, at } = poll;
  if (plan.entries.length === 0 && Object.keys(marks).length === 0) return { poll, outcome: "unchanged", stackIds: [] };
  const fault = await storeIntake(db, source.id, plan, marks, at);
  if (fault !== undefined) {
    log("error", "storage.fault", {
      sourceId: source.id,
      message: fault.kind === "fault" ? fault.message : fault.column,
    });
    return { poll, outcome: "retry", stackIds: [] };
  }
  return { poll, outcome: "changed", plan, stackIds: plan.deliveries.map((delivery) => delivery.stackId) };
}

async function followingStacks(
  db: Database,
  sources: readonly FeedSourceRow[],
): Promise<ReadonlyMap<string, readonly FollowingStack[]>> {
  const maintained = sources.filter((source) => source.config.target.mode !== "notify_only").map((source) => source.id);
  const bySource = new Map<string, FollowingStack[]>();
  for (const { sourceId, stackId, config } of await followersOf(db, maintained)) {
    const stack = followingStack(stackId, config);
    const stacks = bySource.get(sourceId);
    if (stacks === undefined) bySource.set(sourceId, [stack]);
    else stacks.push(stack);
  }
  return bySource;
}

function unexpected(error: unknown): { code: string; message: string } {
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

function record(context: PollContext, poll: Asked, outcome: PollRecord["outcome"]): PollRecord {
  const { source, at, failure } = poll;
  const consecutiveFailures = outcome === "failed" ? source.consecutiveFailures + 1 : 0;
  return {
    id: source.id,
    version: source.updatedAt,
    outcome,
    at,
    consecutiveFailures,
    nextPollAt: nextPollAt({
      intervalSeconds: source.config.pollIntervalSeconds,
      failures: consecutiveFailures,
      retryAfterSeconds: failure?.retryAfterSeconds,
      now: context.now(),
      random: context.random(),
    }),
    // Of a failed poll nothing is remembered, not even what the server says of its answer.
    ...(outcome === "failed" ? { etag: source.etag, lastModified: source.lastModified } : poll.validators),
    error: failure === undefined ? null : { code: failure.code, message: failure.message, at },
    movedTo: poll.movedTo,
  };
}

function report(poll: Asked, outcome: PollRecord["outcome"] | "retry", plan: IntakePlan | undefined): void {
  const sourceId = poll.source.id;
  for (const { entryId, revision, disposition, eventId } of plan?.signals ?? []) {
    if (disposition !== "primed") log("info", "feed.signal", { sourceId, entryId, revision, disposition, eventId });
  }
  // Unchanged polls are most of all polls and say nothing: the source's record has them.
  if (outcome === "failed") log("warn", "feed.polled", { sourceId, outcome, ...poll.failure });
  else if (outcome === "changed") log("info", "feed.polled", { sourceId, outcome, signals: plan?.signals.length ?? 0 });
}
