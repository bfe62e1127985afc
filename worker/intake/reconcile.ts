/**
 * Compares what is known of a source with its repository's refs: before the first poll, after a gap,
 * and once a day. A feed's window forgets, the refs do not.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { PROVIDERS } from "../providers/index.ts";
import { type Database, StorageFault } from "../store/database.ts";
import { allEntries, storeIntake } from "../store/feed-entries.ts";
import { type FeedSourceRow, postponeReconciles } from "../store/feed-sources.ts";
import { eachBounded } from "./bounded.ts";
import type { FeedFetchFailure } from "./fetch-feed.ts";
import type { Followers } from "./following-stacks.ts";
import { lsRefs, type RemoteRefs } from "./ls-refs.ts";
import type { FollowingStack } from "./movement.ts";
import { planRefs } from "./plan-refs.ts";
import type { PollContext } from "./poll-context.ts";
import { unexpected } from "./polled.ts";
import { branchOf, refPrefixes, repositoryOf } from "./repository.ts";

const DAY_MS = 86_400_000;

/** While something is missing the refs are asked for again soon. */
const GAP_RETRY_MS = 5 * 60_000;

/** A repository that could not be read when the source was new. */
const BASELINE_RETRY_MS = 60 * 60_000;

export type Reconciled = {
  /** Stacks with new deliveries. */
  stackIds: string[];
  /** Sources whose refs the invocation had no request left for, in its words; nothing is recorded of them. */
  unasked: ReadonlyMap<string, FeedFetchFailure>;
};

/** Reads the refs of these sources and stores what they tell. */
export async function reconcileSources(
  context: PollContext,
  db: Database,
  sources: readonly FeedSourceRow[],
  followers: Followers,
): Promise<Reconciled> {
  const look = async (source: FeedSourceRow): Promise<ReconcileEnd> => {
    const repository = repositoryOf(source.config);
    const prefixes = refPrefixes(source.config);
    if (repository === undefined || prefixes.length === 0)
      return { source, stackIds: [], later: DAY_MS, ...nothingToAsk(context, source, repository) };
    const refs = await lsRefs(repository, prefixes, context.outbound);
    if (!refs.ok) {
      const { code, message } = refs.failure;
      if (code === "too_many_subrequests") return { source, stackIds: [], unasked: refs.failure };
      log("warn", "feed.polled", { sourceId: source.id, outcome: "refs_failed", repository, code, message });
      const refsError = { code, message: `${repository}: ${message}`, at: new Date(context.now()).toISOString() };
      return { source, stackIds: [], later: retryAfter(source), refsError };
    }
    return storeRefs(context, db, source, refs.value, await followers(source.id));
  };
  const ends = await eachBounded(sources, async (source): Promise<ReconcileEnd> => {
    try {
      return await look(source);
    } catch (error) {
      if (error instanceof StorageFault) throw error;
      // A bug, found by one repository's refs: it must not keep the others of the batch from theirs.
      const refsError = { ...unexpected(error), at: new Date(context.now()).toISOString() };
      log("error", "feed.polled", { sourceId: source.id, outcome: "refs_failed", ...refsError });
      return { source, stackIds: [], later: retryAfter(source), refsError };
    }
  });
  await postponeReconciles(
    db,
    ends.flatMap(({ source, later, refsError = null }) =>
      later === undefined ? [] : [{ id: source.id, reconcileAt: inAbout(context, later), refsError }],
    ),
  );
  return {
    stackIds: ends.flatMap((end) => end.stackIds),
    unasked: new Map(ends.flatMap(({ source, unasked }) => (unasked === undefined ? [] : [[source.id, unasked]]))),
  };
}

type ReconcileEnd = {
  source: FeedSourceRow;
  stackIds: string[];
  /** When to come back, milliseconds; undefined when that is stored already. */
  later?: number | undefined;
  refsError?: NonNullable<FeedSourceRow["refsError"]>;
  unasked?: FeedFetchFailure;
};

/** No matter while the feed tells everything; of a gap somebody has to know that nothing will close it. */
function nothingToAsk(
  context: PollContext,
  source: FeedSourceRow,
  repository: string | undefined,
): Pick<ReconcileEnd, "refsError"> {
  if (source.gapSince === null) return {};
  const at = new Date(context.now()).toISOString();
  if (source.config.event === "advisory")
    return {
      refsError: { code: "no_refs", message: "advisories are in no repository; look at the publisher's list", at },
    };
  return repository === undefined
    ? {
        refsError: {
          code: "no_repository",
          message: "set repo.webUrl to upstream's Git repository, to look there",
          at,
        },
      }
    : { refsError: { code: "no_branch", message: "set repo.defaultBranch to the branch to look at", at } };
}

async function storeRefs(
  context: PollContext,
  db: Database,
  source: FeedSourceRow,
  remote: RemoteRefs,
  stacks: readonly FollowingStack[],
): Promise<ReconcileEnd> {
  const provider = PROVIDERS[source.config.provider];
  const now = new Date(context.now()).toISOString();
  const branch = branchOf(source.config);
  const { seeded, entries: known } = await allEntries(db, source.id);
  const ids = known.map((entry) => entry.entryId);
  const plan = planRefs({
    sourceId: source.id,
    config: source.config,
    stacks,
    now,
    refs: branch === undefined ? remote.refs : remote.refs.filter((ref) => ref.name === branch),
    known,
    // Without the rows of a first poll nothing says what is old.
    baseline: !source.refsSeeded || !seeded,
    gap: source.gapSince !== null,
    bareTags: provider.bareTags ?? false,
    tagEntryId: provider.tagEntryIds?.(ids) ?? ((tag) => tag),
  });
  const marks = { gapSince: null, refsError: null, refsSeeded: true, reconcileAt: inAbout(context, DAY_MS) };
  const fault = await storeIntake(db, source.id, plan, marks, now);
  if (fault !== undefined) {
    log("error", "storage.fault", {
      sourceId: source.id,
      message: fault.kind === "fault" ? fault.message : fault.column,
    });
    return { source, stackIds: [], later: retryAfter(source) };
  }
  for (const { entryId, disposition, eventId } of plan.signals)
    log("info", "feed.signal", { sourceId: source.id, entryId, disposition, eventId, by: "refs" });
  return { source, stackIds: plan.deliveries.map((delivery) => delivery.stackId) };
}

function retryAfter(source: FeedSourceRow): number {
  if (source.gapSince !== null) return GAP_RETRY_MS;
  return source.refsSeeded ? DAY_MS : BASELINE_RETRY_MS;
}

/** Within a tenth of the wait, so that sources declared together do not stay together. */
function inAbout(context: PollContext, wait: number): string {
  return new Date(context.now() + Math.round(wait * (0.9 + 0.2 * context.random()))).toISOString();
}
