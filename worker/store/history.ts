/**
 * Events and entries from before this record began.
 *
 * @module
 */
import type { SourceHistoryInput, StackHistoryInput } from "../contract/history.ts";
import { type Database, insertRows, reading } from "./database.ts";
import { deliveries, feedEntries, feedSignals, flowEvents } from "./schema.ts";

/** Stores the events, and that the stack has taken them: none of them is ever handed to it. */
export async function storePastEvents(
  db: Database,
  stackId: string,
  { events, attempts }: Pick<StackHistoryInput, "events" | "attempts">,
): Promise<void> {
  const at = new Map(events.map(({ id, receivedAt }) => [id, receivedAt]));
  const tried = [...new Map(attempts.map((attempt) => [attempt.eventId, attempt])).values()];
  const there = `SELECT value FROM json_each(?1) WHERE value IN (SELECT id FROM flow_events)`;
  if (events.length > 0) await reading(db.$client.batch(insertRows(db, flowEvents, events, "ignore")));
  const eventIds = [...new Set([...at.keys(), ...tried.map(({ eventId }) => eventId)])];
  const { results } = await reading(db.$client.prepare(there).bind(JSON.stringify(eventIds)).all<{ value: string }>());
  const rows = results.map(({ value: eventId }) => {
    const createdAt = at.get(eventId) ?? tried.find((one) => one.eventId === eventId)?.createdAt ?? "";
    return { eventId, stackId, status: "accepted" as const, createdAt, acceptedAt: createdAt };
  });
  if (rows.length > 0) await reading(db.$client.batch(insertRows(db, deliveries, rows, "ignore")));
}

/** Stores what a feed has told before, and gives how much of it was not known. `fingerprint`: its form is not known. */
export async function storeTold(
  db: Database,
  sourceId: string,
  told: SourceHistoryInput["entries"],
  fingerprint: string,
): Promise<number> {
  const entries = told.map(({ entry, seenAt }) => ({
    sourceId,
    entryId: entry.entryId,
    fingerprint,
    revision: 0,
    tag: entry.tag ?? null,
    commit: null,
    firstSeenAt: seenAt,
    lastSeenAt: seenAt,
  }));
  const signals = told.map(({ entry, seenAt, eventId }) => ({
    sourceId,
    entryId: entry.entryId,
    revision: 0,
    entry,
    disposition: eventId === undefined ? ("primed" as const) : ("event" as const),
    decisions: [],
    eventId: eventId ?? null,
    seenAt,
  }));
  const inserts = insertRows(db, feedEntries, entries, "ignore");
  const stored = await reading(db.$client.batch([...inserts, ...insertRows(db, feedSignals, signals, "ignore")]));
  return stored.slice(0, inserts.length).reduce((sum, { meta }) => sum + meta.changes, 0);
}
