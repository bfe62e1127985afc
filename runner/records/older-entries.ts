/**
 * Entries of feeds in the older service's files: what it had seen, and the signals that it read.
 *
 * @module
 */
import { FeedEntry } from "../../worker/contract/feed-signal.ts";
import type { SourceHistoryInput } from "../../worker/contract/history.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { EPOCH, isRecord, type Json, textOf, timeOf } from "./older-row.ts";

export type Told = SourceHistoryInput["entries"][number];

/** `{sources: {id: …}}` or `{id: …}`; each with lists of ids, or of entries, under whatever name. */
export function stateEntries(state: Json): { sourceId: string; told: Told }[] {
  const bySource = isRecord(state.sources) ? state.sources : isRecord(state.feeds) ? state.feeds : state;
  return Object.entries(bySource).flatMap(([sourceId, one]) => {
    if (!Name.safeParse(sourceId).success) return [];
    const seenAt =
      (isRecord(one) ? timeOf(one, "updatedAt", "lastPollAt", "lastCheckedAt", "checkedAt", "at") : undefined) ?? EPOCH;
    return knownIn(one).flatMap((entry) => {
      const told = FeedEntry.safeParse(entry);
      return told.success ? [{ sourceId, told: { entry: told.data, seenAt } }] : [];
    });
  });
}

const SEEN_LISTS = ["seen", "seenIds", "entries", "entryIds", "ids", "known", "knownIds", "processed", "history"];
const LAST_ONES = ["lastEntryId", "lastSeenId", "lastId", "latestEntryId", "cursor", "lastEntry", "latest"];

function knownIn(state: unknown): Json[] {
  if (Array.isArray(state)) return (state as unknown[]).flatMap(asEntry);
  if (typeof state === "string") return asEntry(state);
  if (!isRecord(state)) return [];
  const lists = SEEN_LISTS.flatMap((name) => {
    const value = state[name];
    if (Array.isArray(value)) return (value as unknown[]).flatMap(asEntry);
    return isRecord(value) ? Object.keys(value).flatMap(asEntry) : [];
  });
  return [...lists, ...LAST_ONES.flatMap((name) => asEntry(state[name]))];
}

function asEntry(value: unknown): Json[] {
  if (typeof value === "string") return value === "" ? [] : [{ entryId: value }];
  const entry = isRecord(value) ? entryOf(value) : undefined;
  return entry === undefined ? [] : [entry];
}

/** An entry under all names that its fields may have. */
export function entryOf(row: Json): FeedEntry | undefined {
  const given = isRecord(row.entry) ? { ...row, ...row.entry } : row;
  const entryId = textOf(
    given,
    "entryId",
    "guid",
    "entry_id",
    "externalId",
    "id",
    "tag",
    "tagName",
    "sha",
    "url",
    "link",
  );
  if (entryId === undefined) return undefined;
  const fields = {
    title: textOf(given, "title", "name"),
    url: textOf(given, "url", "link", "htmlUrl", "webUrl"),
    author: textOf(given, "author"),
    publishedAt: timeOf(given, "publishedAt", "published", "date"),
    updatedAt: timeOf(given, "updatedAt", "updated"),
    tag: textOf(given, "tag", "tagName", "tag_name", "version"),
    ref: textOf(given, "ref"),
    sha: textOf(given, "sha", "commit", "oid"),
  };
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = FeedEntry.safeParse({ entryId: entryId.slice(0, 1024), ...known });
  return parsed.success ? parsed.data : undefined;
}

export function signalOf(row: Json): { sourceId: string; told: Told }[] {
  const sourceId = textOf(row, "sourceId", "source", "feedId", "feed");
  const inner = [row.entry, row.signal, row.payload].find(isRecord);
  const entry = entryOf(inner === undefined ? withoutId(row) : { ...withoutId(row), ...inner });
  if (sourceId === undefined || !Name.safeParse(sourceId).success || entry === undefined) return [];
  const seenAt = timeOf(row, "seenAt", "receivedAt", "recordedAt", "createdAt", "at", "timestamp") ?? EPOCH;
  const eventId = textOf(row, "eventId", "flowEventId");
  return [{ sourceId, told: { entry, seenAt, ...(eventId === undefined ? {} : { eventId }) } }];
}

/** A record's own id is the entry's only where nothing else is. */
export function withoutId(row: Json): Json {
  const { id, ...rest } = row;
  return textOf(rest, "entryId", "guid", "externalId", "tag", "tagName", "url") === undefined
    ? row
    : { ...rest, recordId: id };
}
