/**
 * Past signals of a stack, and turning some of them into events.
 *
 * @module
 */
import { and, desc, eq, gte, isNull, lt, sql } from "drizzle-orm";
import type { FilterDecision } from "../contract/feed-signal.ts";
import { commit, type Database, insertRows, reading, type StorageFailure } from "./database.ts";
import type { FeedSignalRow } from "./feed-entries.ts";
import type { FeedSourceRow } from "./feed-sources.ts";
import { deliveries, feedSignals, feedSources, flowEvents, sourceStacks } from "./schema.ts";

export type PastSignal = { signal: FeedSignalRow; source: FeedSourceRow };

/**
 * Movements that the stack's sources told since a time and that were not handed to the stack, newest
 * first. Edits and moves are not movements of their own.
 */
export async function pastSignals(
  db: Database,
  stackId: string,
  since: string,
  limit: number,
  before?: number,
): Promise<PastSignal[]> {
  const handed = and(eq(deliveries.stackId, stackId), eq(deliveries.eventId, feedSignals.eventId));
  const where = and(
    eq(sourceStacks.stackId, stackId),
    gte(feedSignals.seenAt, since),
    sql`${feedSignals.disposition} IN ('primed','filtered','event')`,
    isNull(deliveries.eventId),
    before === undefined ? undefined : lt(feedSignals.position, before),
  );
  return reading(
    db
      .select({ signal: feedSignals, source: feedSources })
      .from(sourceStacks)
      .innerJoin(feedSources, eq(feedSources.id, sourceStacks.sourceId))
      .innerJoin(feedSignals, eq(feedSignals.sourceId, sourceStacks.sourceId))
      .leftJoin(deliveries, handed)
      .where(where)
      .orderBy(desc(feedSignals.position))
      .limit(limit),
  );
}

export type Backfilled = {
  event: typeof flowEvents.$inferInsert;
  signal: Pick<FeedSignalRow, "position">;
  decision: FilterDecision;
};

/** Writes events, deliveries and what became of the signals as one; what is there already stays. */
export async function storeBackfill(
  db: Database,
  stackId: string,
  backfilled: readonly Backfilled[],
  now: string,
): Promise<StorageFailure | undefined> {
  if (backfilled.length === 0) return undefined;
  const rows = backfilled.map(({ event }) => ({
    eventId: event.id,
    stackId,
    status: "pending" as const,
    createdAt: now,
    acceptedAt: null,
  }));
  const signals = backfilled.map(({ event, signal, decision }) => [signal.position, event.id, decision]);
  return commit(db, [
    ...insertRows(
      db,
      flowEvents,
      backfilled.map(({ event }) => ({ ...event, stackIds: [stackId] })),
      "ignore",
    ),
    ...insertRows(db, deliveries, rows, "ignore"),
    db.$client
      .prepare(
        `UPDATE feed_signals SET disposition = 'event', event_id = json_extract(j.value, '$[1]'),
           decisions = json_insert(decisions, '$[#]', json_extract(j.value, '$[2]'))
         FROM json_each(?1) AS j WHERE feed_signals.position = json_extract(j.value, '$[0]')`,
      )
      .bind(JSON.stringify(signals)),
  ]);
}
