/**
 * Records how polls ended, with one statement for all of them; in the same transaction what their servers asked for,
 * and the end of the batch that they were.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { commit, type Database, type Statement, StorageFault } from "../store/database.ts";
import { holdHost, type PollRecord, recordPolls } from "../store/feed-sources.ts";
import { endBatch } from "../store/poll-batches.ts";
import type { HostHolds } from "./host-hold.ts";
import type { IntakePlan } from "./movement.ts";
import type { PollContext } from "./poll-context.ts";
import { nextPollAt } from "./poll-schedule.ts";
import type { Asked, PollEnd } from "./polled.ts";

/**
 * Throws {@link StorageFault}: then nothing of it is recorded, and all of these polls should be made again.
 *
 * @param more pauses that hosts asked for, the batch that ends, and what is written in the same transaction
 */
export async function recordEnds(
  context: PollContext,
  db: Database,
  ends: readonly PollEnd[],
  more: { holds?: HostHolds; batchId?: number | undefined; also?: readonly Statement[] },
): Promise<void> {
  const { holds, batchId, also = [] } = more;
  const records = ends.flatMap(({ poll, outcome }) => (outcome === "retry" ? [] : [record(context, poll, outcome)]));
  const left = ends.flatMap(({ poll, outcome }) => (outcome === "retry" ? [poll.source.id] : []));
  const failure = await commit(db, [
    ...(records.length === 0 ? [] : [recordPolls(db, records)]),
    // After what those of a host recorded that were polled before it asked for the pause: it is meant for them too.
    ...(holds?.list() ?? []).map(({ origin, until }) => holdHost(db, origin, until)),
    ...(batchId === undefined ? [] : [endBatch(db, batchId, left, context.now())]),
    ...also,
  ]);
  if (failure !== undefined) throw new StorageFault(failure.kind === "fault" ? failure.message : failure.column);
  for (const { poll, outcome, plan } of ends) report(poll, outcome, plan);
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
