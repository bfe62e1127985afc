/**
 * Stores what polls found: entries, signals, events and deliveries of a source as one.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { PROVIDERS } from "../providers/index.ts";
import { type Database, StorageFault } from "../store/database.ts";
import { type IntakeMarks, type KnownEntries, knownEntries, storeIntake } from "../store/feed-entries.ts";
import type { FeedSourceRow } from "../store/feed-sources.ts";
import { eachBounded } from "./bounded.ts";
import type { FeedFetchFailure } from "./fetch-feed.ts";
import type { Followers } from "./following-stacks.ts";
import type { FollowingStack, IntakePlan } from "./movement.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";
import { planIntake } from "./plan-intake.ts";
import type { PollContext } from "./poll-context.ts";
import { planRepository } from "./poll-repository.ts";
import { type Asked, type PollEnd, unexpected } from "./polled.ts";
import { recallForgotten, retainSeen } from "./retention.ts";
import { tagVersions } from "./version-tags.ts";

/** Stores what the polls found, each source's as one; validators and times are for the caller to record. */
export async function takeIn(
  context: PollContext,
  db: Database,
  asked: readonly Asked[],
  followers: Followers,
): Promise<PollEnd[]> {
  const read = asked.flatMap(({ source, entries }) =>
    entries === undefined ? [] : [{ sourceId: source.id, entries: entries.map((item) => item.entry) }],
  );
  const known = read.length === 0 ? new Map<string, KnownEntries>() : await knownEntries(db, read);
  await recallForgotten(db, read, known);
  const ends = await eachBounded(asked, async (poll): Promise<PollEnd> => {
    try {
      return await store(context, db, poll, known.get(poll.source.id), followers);
    } catch (error) {
      if (error instanceof StorageFault) return unstored(poll, error.message);
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
  entries: readonly NormalizedEntry[],
  found: KnownEntries,
  stacks: readonly FollowingStack[],
): Promise<Asked & { entries: readonly NormalizedEntry[] }> {
  const { source, at } = poll;
  const isKnown = ({ entryId }: { entryId: string }) => found.known.has(entryId);
  const tagged = await tagVersions(source, entries, isKnown, stacks, at, context.outbound);
  if (!tagged.ok) return { ...poll, entries, failure: tagged.failure };
  const validators = { etag: source.etag, lastModified: source.lastModified };
  return { ...poll, entries: tagged.value.entries, ...(tagged.value.waiting ? { validators } : {}) };
}

async function store(
  context: PollContext,
  db: Database,
  poll: Asked,
  found: KnownEntries | undefined,
  followers: Followers,
): Promise<PollEnd> {
  const { source, at } = poll;
  if (poll.failure !== undefined) return failed(poll, poll.failure);
  const followed = () => followers(source.id);
  if (poll.refs !== undefined) {
    const { config, id, primed } = source;
    const stacks = await followed();
    const { plan, seeded } = await planRepository(db, id, config, poll.refs, stacks, primed, pollNumber(source), at);
    return keep(db, poll, plan, seeded ? {} : { primed: true });
  }
  if (poll.entries === undefined || found === undefined) return { poll, outcome: "not_modified", stackIds: [] };
  const seed = !source.primed || !found.seeded;
  // Whom it would be told does not matter where there is nothing to tell.
  if (!seed && planned(poll, found, poll.entries, []).entries.length === 0)
    return { poll, outcome: "unchanged", stackIds: [] };
  const stacks = await followed();
  const tagged = await withTags(context, poll, poll.entries, found, stacks);
  if (tagged.failure !== undefined) return failed(tagged, tagged.failure);
  const plan = planned(tagged, found, tagged.entries, stacks);
  // The gap is on record before anything that a crash could keep from closing it.
  const marks = {
    ...(seed ? { primed: true } : {}),
    // Rows that are gone took the refs' rows with them.
    ...(source.primed && seed ? { refsSeeded: false, reconcileAt: null } : {}),
    ...(plan.gap ? { gapSince: at, reconcileAt: at } : {}),
  };
  return keep(db, tagged, plan, marks);
}

function planned(
  { source, at }: Asked,
  found: KnownEntries,
  entries: readonly NormalizedEntry[],
  stacks: readonly FollowingStack[],
): IntakePlan {
  return planIntake({
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
  if (fault !== undefined) return unstored(poll, fault.kind === "fault" ? fault.message : fault.column);
  return { poll, outcome: "changed", plan, stackIds: plan.deliveries.map((delivery) => delivery.stackId) };
}

/** What the invocation had no request left for has not failed: the next one has. */
function failed(poll: Asked, { code }: FeedFetchFailure): PollEnd {
  return { poll, outcome: code === "too_many_subrequests" ? "retry" : "failed", stackIds: [] };
}

function unstored(poll: Asked, message: string): PollEnd {
  log("error", "storage.fault", { sourceId: poll.source.id, message });
  const failure = { code: "storage_refused", message: `what it found could not be stored: ${message}` };
  return { poll: { ...poll, failure }, outcome: "retry", stackIds: [] };
}
