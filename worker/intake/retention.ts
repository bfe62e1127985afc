/**
 * How long an entry's row is kept, and what a key without a row is.
 *
 * Once a week a source's rows are told that they still stand in its feed; what has not stood there for
 * half a year goes at the same time. Time is counted from polls that read the feed: a feed that answers
 * 304 for a year loses nothing.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import type { Database } from "../store/database.ts";
import { forgottenEntries, type KnownEntries, refreshEntries } from "../store/feed-entries.ts";
import { WEBHOOK_ONLY } from "./known-entry.ts";

const DAY_MS = 86_400_000;
const REFRESH_MS = 7 * DAY_MS;
const KEPT_MS = 180 * DAY_MS;

type Read = { sourceId: string; entries: readonly Pick<FeedEntry, "entryId" | "tag">[] };

/** An entry that was evicted is no news when it comes back: its signals know it. */
export async function recallForgotten(
  db: Database,
  read: readonly Read[],
  known: ReadonlyMap<string, KnownEntries>,
): Promise<void> {
  const tags = new Map<string, string | undefined>();
  const unknown = read.flatMap(({ sourceId, entries }) => {
    const found = known.get(sourceId);
    if (found?.seeded !== true) return [];
    const knownTags = new Set([...found.known.values()].map(({ tag }) => tag));
    const fresh = entries.filter(
      ({ entryId, tag }) => !found.known.has(entryId) && (tag === undefined || !knownTags.has(tag)),
    );
    for (const { entryId, tag } of fresh) tags.set(`${sourceId} ${entryId}`, tag);
    return fresh.map(({ entryId }) => ({ sourceId, entryId }));
  });
  if (unknown.length === 0) return;
  for (const { sourceId, entryId, revision, firstSeenAt } of await forgottenEntries(db, unknown)) {
    const tag = tags.get(`${sourceId} ${entryId}`) ?? null;
    known.get(sourceId)?.known.set(entryId, {
      entryId,
      fingerprint: WEBHOOK_ONLY,
      revision,
      tag,
      commit: null,
      firstSeenAt,
      missingFrom: 0,
    });
  }
}

/** To be called with what good polls read, after it is stored. */
export async function retainSeen(
  db: Database,
  read: readonly Read[],
  known: ReadonlyMap<string, KnownEntries>,
  now: number,
): Promise<void> {
  const at = (ms: number): string => new Date(ms).toISOString();
  const due = read.filter(({ sourceId, entries }) => {
    const found = known.get(sourceId);
    return entries.length > 0 && found?.seeded === true && (found.seenAt ?? "9") < at(now - REFRESH_MS);
  });
  if (due.length === 0) return;
  const sources = due.map(({ sourceId, entries }) => ({
    sourceId,
    entryIds: [...entries.map(({ entryId }) => entryId), ...(known.get(sourceId)?.known.keys() ?? [])],
  }));
  await refreshEntries(db, sources, at(now), at(now - KEPT_MS));
}
