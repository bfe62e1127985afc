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
import { openDatabase } from "../store/database.ts";
import { type FeedSourceRow, findSources, type PollRecord } from "../store/feed-sources.ts";
import { batchSources } from "../store/poll-batches.ts";
import { askFeed } from "./ask-feed.ts";
import { eachBounded } from "./bounded.ts";
import { deliverPending } from "./deliver.ts";
import type { FeedFetchFailure, Validators } from "./fetch-feed.ts";
import { followersOnce } from "./following-stacks.ts";
import { HostHolds } from "./host-hold.ts";
import { normalizeFeed } from "./normalize-entry.ts";
import type { PollContext } from "./poll-context.ts";
import { fetchRefs, refsAreTheFeed } from "./poll-repository.ts";
import { type Asked, type PollEnd, unexpected } from "./polled.ts";
import { reconcileSources } from "./reconcile.ts";
import { recordEnds } from "./record-ends.ts";
import { takeIn } from "./take-in.ts";
import { failUnread } from "./unread-source.ts";

/**
 * How a source's poll ended. `retry`: storage failed, nothing is recorded, and the poll should be made
 * again. `skipped`: it is gone or off, or its host asked for a pause.
 */
export type PollOutcome = { sourceId: string; outcome: PollRecord["outcome"] | "retry" | "skipped" };

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
  const { rows, unread } = await findSources(db, sourceIds);
  const failed = await failUnread(context, db, unread);
  const polls = await pollAll(
    context,
    rows.filter((row) => manual || row.config.enabled),
  );
  const outcomes = [...failed, ...polls];
  const polled = new Set(outcomes.map(({ sourceId }) => sourceId));
  const skipped = sourceIds.filter((id) => !polled.has(id));
  return [...outcomes, ...skipped.map((sourceId) => ({ sourceId, outcome: "skipped" as const }))];
}

/**
 * The same for a batch that the cron made; it ends with its polls. Undefined when there is nothing of it to poll.
 *
 * @param lastTry what storage refuses has failed then, and is tried again when a failed source is
 */
export async function pollBatch(
  context: PollContext,
  batchId: number,
  lastTry = false,
): Promise<PollOutcome[] | undefined> {
  const db = openDatabase(context.env.DB);
  const { rows, unread } = await batchSources(db, batchId, context.now());
  if (rows.length === 0 && unread.length === 0) return undefined;
  const failed = await failUnread(context, db, unread);
  const outcomes = await pollAll(
    context,
    rows.filter((row) => row.config.enabled),
    { id: batchId, lastTry },
  );
  return [...failed, ...outcomes];
}

async function pollAll(
  context: PollContext,
  sources: readonly FeedSourceRow[],
  batch?: { id: number; lastTry: boolean },
): Promise<PollOutcome[]> {
  const db = openDatabase(context.env.DB);
  const followers = followersOnce(db, sources);
  // Before the first poll: what the refs tell then is from before we watched, and what comes later is not.
  const untried = sources.filter(({ reconcileAt, config }) => reconcileAt === null && !refsAreTheFeed(config));
  const early = await reconcileSources(context, db, untried, followers);
  const holds = new HostHolds();
  const answers = await eachBounded(sources, async (source) => {
    if (holds.holds(source.config.url)) return undefined;
    const unasked = early.unasked.get(source.id);
    return unasked === undefined ? ask(context, source, holds) : notAsked(context, source, unasked);
  });
  // Those of a host that asked for a pause meanwhile have not failed; they wait like the rest of it.
  const asked = answers.filter((answer) => answer !== undefined);
  const taken = await takeIn(context, db, asked, followers);
  const ends = batch?.lastTry === true ? taken.map((end) => givenUp(end, sources.length === 1)) : taken;
  await deliverPending(context.env, [...new Set([...early.stackIds, ...ends.flatMap((end) => end.stackIds)])]);
  await recordEnds(context, db, ends, { holds, batchId: batch?.id });
  const now = new Date(context.now()).toISOString();
  const due = ends.filter(
    ({ poll: { source }, plan }) =>
      !refsAreTheFeed(source.config) && (plan?.gap === true || (source.reconcileAt ?? "9") <= now),
  );
  if (due.length > 0) {
    // As they are now: the poll itself may have marked a gap.
    const ids = due.map(({ poll }) => poll.source.id);
    const { rows: current } = await findSources(db, ids);
    const { stackIds } = await reconcileSources(context, db, current, followers);
    await deliverPending(context.env, [...new Set(stackIds)]);
  }
  return ends.map(({ poll, outcome }) => ({ sourceId: poll.source.id, outcome }));
}

/** What there was no request left for among others has not failed: a smaller batch is tried. */
function givenUp(end: PollEnd, alone: boolean): PollEnd {
  const crowded = end.poll.failure?.code === "too_many_subrequests" && !alone;
  return end.outcome === "retry" && !crowded ? { ...end, outcome: "failed" } : end;
}

/** Its refs come before its feed, and there was no request left for them. */
function notAsked(context: PollContext, source: FeedSourceRow, failure: FeedFetchFailure): Asked {
  const { etag, lastModified, movedTo } = source;
  const at = new Date(context.now()).toISOString();
  return { source, at, validators: { etag, lastModified }, movedTo, failure };
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
