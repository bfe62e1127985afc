/**
 * Entries by key, and the signals, events and deliveries made from them, in D1.
 *
 * What one poll found is stored as one transaction: an entry is known exactly when its event is there.
 *
 * @module
 */
import { and, desc, eq, lt } from "drizzle-orm";
import type { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import type { FlowEventPayload } from "../contract/flow-event.ts";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import { commit, type Database, insertRows, pieces, reading, type StorageFailure, updateRow } from "./database.ts";
import { deliveries, feedEntries, feedSignals, feedSources, flowEvents } from "./schema.ts";

export type FeedSignalRow = typeof feedSignals.$inferSelect;

export type EntryKey = {
  entryId: string;
  fingerprint: string;
  revision: number;
  tag: string | null;
  /** Commit behind the tag when the refs were last read. */
  commit: string | null;
  firstSeenAt: string;
  /** Number of the source's first good poll that did not show it; null while its feed shows it, 0 where it never did. */
  missingFrom: number | null;
};

/** What is written on the source's own row in the same transaction. */
export type IntakeMarks = Partial<
  Pick<typeof feedSources.$inferSelect, "primed" | "gapSince" | "reconcileAt" | "refsSeeded" | "refsError">
>;

/** Rows of one poll, oldest movement first. */
export type IntakeRows = {
  entries: readonly (EntryKey & { lastSeenAt: string })[];
  signals: readonly {
    sourceId: string;
    entryId: string;
    revision: number;
    entry: FeedEntry;
    disposition: SignalDisposition;
    decisions: FilterDecision[];
    eventId?: string;
    seenAt: string;
  }[];
  events: readonly {
    id: string;
    type: FlowEventType;
    sourceId: string;
    occurredAt?: string;
    receivedAt: string;
    payload: FlowEventPayload;
  }[];
  deliveries: readonly { eventId: string; stackId: string }[];
};

/**
 * No entry has this id. Its row is written by a source's first poll: a source that lacks it has lost
 * its rows, and must not take everything it sees for new.
 */
const SEED = "";

export type KnownEntries = {
  seeded: boolean;
  known: Map<string, EntryKey>;
  /** Entries that stood in the feed when it was last read, asked for or not. */
  standing: (EntryKey & { lastSeenAt: string })[];
  /** When the one of them was seen that was not seen for longest. */
  seenAt?: string;
};

/**
 * What is known of these entries, by their ids or their tags, for any number of sources with one
 * statement (more for very large feeds).
 */
export async function knownEntries(
  db: Database,
  wanted: readonly { sourceId: string; entries: readonly { entryId: string; tag?: string | undefined }[] }[],
): Promise<Map<string, KnownEntries>> {
  const bySource = new Map(
    wanted.map(({ sourceId }) => [sourceId, { seeded: false, known: new Map(), standing: [] } as KnownEntries]),
  );
  const keys = wanted.flatMap(({ sourceId, entries }) => [
    [sourceId, SEED, null] as const,
    ...entries.map(({ entryId, tag }) => [sourceId, entryId, tag ?? null] as const),
  ]);
  const columns =
    "e.source_id AS sourceId, e.entry_id AS entryId, e.fingerprint, e.revision, e.tag, e.commit_oid AS 'commit', e.first_seen_at AS firstSeenAt, e.last_seen_at AS lastSeenAt, e.missing_from AS missingFrom";
  for (const { texts } of pieces(keys)) {
    const found = await reading(
      db.$client
        .prepare(
          `SELECT ${columns}, 0 AS standing FROM json_each(?1) AS j CROSS JOIN feed_entries AS e
           WHERE e.source_id = json_extract(j.value, '$[0]') AND e.entry_id = json_extract(j.value, '$[1]')
           UNION
           SELECT ${columns}, 0 FROM json_each(?1) AS j CROSS JOIN feed_entries AS e
           WHERE e.source_id = json_extract(j.value, '$[0]') AND e.tag = json_extract(j.value, '$[2]')
             AND e.tag IS NOT NULL
           UNION ALL
           SELECT ${columns}, 1 FROM json_each(?1) AS j CROSS JOIN feed_entries AS e
           WHERE json_extract(j.value, '$[1]') = '${SEED}' AND e.source_id = json_extract(j.value, '$[0]')
             AND e.missing_from IS NULL`,
        )
        .bind(`[${texts.join()}]`)
        .all<EntryKey & { sourceId: string; lastSeenAt: string; standing: 0 | 1 }>(),
    );
    for (const { sourceId, standing, ...row } of found.results) {
      const source = bySource.get(sourceId);
      if (source === undefined) continue;
      if (standing === 1) {
        source.standing.push(row);
        continue;
      }
      const { lastSeenAt, ...entry } = row;
      if (source.seenAt === undefined || lastSeenAt < source.seenAt) source.seenAt = lastSeenAt;
      if (entry.entryId === SEED) source.seeded = true;
      else source.known.set(entry.entryId, entry);
    }
  }
  return bySource;
}

/** Keys that have no row any more, and had one: signals are kept for ever. With one statement, or few. */
export async function forgottenEntries(
  db: Database,
  keys: readonly { sourceId: string; entryId: string }[],
): Promise<{ sourceId: string; entryId: string; revision: number; firstSeenAt: string }[]> {
  const found = [];
  for (const { texts } of pieces(keys.map(({ sourceId, entryId }) => [sourceId, entryId]))) {
    const { results } = await reading(
      db.$client
        .prepare(
          `SELECT s.source_id AS sourceId, s.entry_id AS entryId, max(s.revision) AS revision, min(s.seen_at) AS firstSeenAt
           FROM json_each(?1) AS j CROSS JOIN feed_signals AS s
           WHERE s.source_id = json_extract(j.value, '$[0]') AND s.entry_id = json_extract(j.value, '$[1]')
           GROUP BY s.source_id, s.entry_id`,
        )
        .bind(`[${texts.join()}]`)
        .all<{ sourceId: string; entryId: string; revision: number; firstSeenAt: string }>(),
    );
    found.push(...results);
  }
  return found;
}

/** Entries of one source that go at once, at most. */
const EVICTED = 2000;

/**
 * Remembers that these entries stood in their feeds now, and lets go of what of these sources was not
 * seen since `before`. What the refs or a webhook gave a commit stays: refs do not forget either.
 */
export async function refreshEntries(
  db: Database,
  sources: readonly { sourceId: string; entryIds: readonly string[] }[],
  now: string,
  before: string,
): Promise<void> {
  const keys = sources.flatMap(({ sourceId, entryIds }) => [SEED, ...entryIds].map((id) => [sourceId, id]));
  for (const { texts } of pieces(keys))
    await reading(
      db.$client
        .prepare(
          `UPDATE feed_entries SET last_seen_at = ?2 WHERE (source_id, entry_id) IN
             (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?1))`,
        )
        .bind(`[${texts.join()}]`, now)
        .run(),
    );
  await reading(
    db.$client
      .prepare(
        `DELETE FROM feed_entries WHERE (source_id, entry_id) IN
           (SELECT e.source_id, e.entry_id FROM json_each(?1) AS j CROSS JOIN feed_entries AS e
            WHERE e.source_id = j.value AND e.last_seen_at < ?2 AND e.entry_id <> '' AND e.commit_oid IS NULL LIMIT ?3)`,
      )
      .bind(JSON.stringify(sources.map(({ sourceId }) => sourceId)), before, EVICTED)
      .run(),
  );
}

/** Whether an entry's revision was held back, and as what: undefined for one that became an event or is not there. */
export async function findFiltered(
  db: Database,
  sourceId: string,
  entryId: string,
  revision: number,
): Promise<FeedEntry | undefined> {
  const { entry, disposition } = feedSignals;
  const [found] = await reading(
    db
      .select({ entry, disposition })
      .from(feedSignals)
      .where(
        and(eq(feedSignals.sourceId, sourceId), eq(feedSignals.entryId, entryId), eq(feedSignals.revision, revision)),
      )
      .limit(1),
  );
  return found?.disposition === "filtered" ? found.entry : undefined;
}

/** All entries of a source: what its remote's refs are compared with. */
export async function allEntries(db: Database, sourceId: string): Promise<{ seeded: boolean; entries: EntryKey[] }> {
  const { entryId, fingerprint, revision, tag, commit: commitOid, firstSeenAt, missingFrom } = feedEntries;
  const rows = await reading(
    db
      .select({ entryId, fingerprint, revision, tag, commit: commitOid, firstSeenAt, missingFrom })
      .from(feedEntries)
      .where(eq(feedEntries.sourceId, sourceId)),
  );
  const entries = rows.filter((row) => row.entryId !== SEED);
  return { seeded: entries.length < rows.length, entries };
}

/**
 * Stores what one poll found; nothing of it on failure. Twice the same is the same as once.
 */
export async function storeIntake(
  db: Database,
  sourceId: string,
  rows: IntakeRows,
  marks: IntakeMarks,
  now: string,
): Promise<StorageFailure | undefined> {
  const entries = rows.entries.map((entry) => ({ sourceId, ...entry }));
  if (marks.primed === true) {
    const none = { fingerprint: "", revision: 0, tag: null, commit: null, missingFrom: 0 };
    entries.push({ sourceId, entryId: SEED, ...none, firstSeenAt: now, lastSeenAt: now });
  }
  const receivers = Map.groupBy(rows.deliveries, ({ eventId }) => eventId);
  const events = rows.events.map((event) => ({
    ...event,
    stackIds: (receivers.get(event.id) ?? []).map(({ stackId }) => stackId),
  }));
  return commit(db, [
    ...insertRows(db, feedEntries, entries, { update: ["source_id", "entry_id"], except: ["first_seen_at"] }),
    ...insertRows(db, feedSignals, rows.signals, "ignore"),
    ...insertRows(db, flowEvents, events, "ignore"),
    ...insertRows(
      db,
      deliveries,
      rows.deliveries.map((delivery) => ({ ...delivery, status: "pending" as const, createdAt: now })),
      "ignore",
    ),
    ...(Object.keys(marks).length === 0 ? [] : [updateRow(db, feedSources, sourceId, marks)]),
  ]);
}

/** Newest first, one more than asked for. */
export async function listSignals(
  db: Database,
  sourceId: string | undefined,
  limit: number,
  before?: number,
): Promise<FeedSignalRow[]> {
  return reading(
    db
      .select()
      .from(feedSignals)
      .where(
        and(
          sourceId === undefined ? undefined : eq(feedSignals.sourceId, sourceId),
          before === undefined ? undefined : lt(feedSignals.position, before),
        ),
      )
      .orderBy(desc(feedSignals.position))
      .limit(limit + 1),
  );
}

/**
 * Stacks with deliveries that their object has not accepted, each with its event ids, oldest first: so
 * many of each stack, so that one which takes none never keeps the others waiting. Those of deleted
 * stacks wait until the stack is declared again.
 */
export async function pendingDeliveries(
  db: Database,
  limitPerStack: number,
  stackIds?: readonly string[],
): Promise<Map<string, string[]>> {
  const found = await reading(
    db.$client
      .prepare(
        `SELECT stackId, eventId FROM (
           SELECT stack_id AS stackId, event_id AS eventId,
             row_number() OVER (PARTITION BY stack_id ORDER BY position) AS place
           FROM deliveries INDEXED BY deliveries_pending
           WHERE status = 'pending' AND (?1 IS NULL OR stack_id IN (SELECT value FROM json_each(?1)))
             AND EXISTS (SELECT 1 FROM stacks WHERE stacks.id = stack_id AND deleted_at IS NULL))
         WHERE place <= ?2 ORDER BY stackId, place`,
      )
      .bind(stackIds === undefined ? null : JSON.stringify(stackIds), limitPerStack)
      .all<{ stackId: string; eventId: string }>(),
  );
  const byStack = new Map<string, string[]>();
  for (const { stackId, eventId } of found.results) {
    const events = byStack.get(stackId);
    if (events === undefined) byStack.set(stackId, [eventId]);
    else events.push(eventId);
  }
  return byStack;
}
