/**
 * What left a feed, and what came back to it. Pure.
 *
 * An entry that is not shown may have been deleted, or only have slid out of the feed's window; and one
 * that is shown again may have been published again, or only have slid back in since newer ones were
 * deleted or the window was cut short for a while. What slides does so at the old end. So an entry came
 * back when it was gone for two good polls and now stands above one that stood there all the time.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import { isTold, type KnownEntry } from "./known-entry.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";

/** Good polls that an entry must have been gone for: one alone may be a cache's doing. */
const GONE_FOR = 2;

/** With when it was last seen, which its leaving does not change. */
export type StandingEntry = KnownEntry & { lastSeenAt: string };

export type AbsenceInput = {
  /** Number of this poll among the source's good ones. */
  poll: number;
  /** In the order of the feed. */
  entries: readonly NormalizedEntry[];
  /** Entries that stood in the feed when it was last read. */
  standing: readonly StandingEntry[];
  find: (entry: FeedEntry) => KnownEntry | undefined;
};

export type Absences = { left: StandingEntry[]; republished: ReadonlySet<FeedEntry> };

export function findAbsences({ poll, entries, standing, find }: AbsenceInput): Absences {
  const republished = new Set<FeedEntry>();
  // No entries where there were many is suspect: nothing is concluded from it.
  if (entries.length === 0) return { left: [], republished };
  const order = orderOf(entries);
  const shown = new Set<string>();
  let mayHaveSlid = true;
  for (const { entry } of order === "oldest first" ? entries : entries.toReversed()) {
    const known = find(entry);
    if (known === undefined) continue;
    shown.add(known.entryId);
    if (known.missingFrom === null) mayHaveSlid = order === "unclear";
    else if (!mayHaveSlid && isTold(known) && isGone(known, poll)) republished.add(entry);
  }
  return { left: standing.filter(({ entryId }) => !shown.has(entryId)), republished };
}

/** Whether an entry that stood there before has been gone long enough for its return to mean something. */
export function isGone({ missingFrom }: Pick<KnownEntry, "missingFrom">, poll: number): boolean {
  return missingFrom !== null && missingFrom > 0 && poll - missingFrom >= GONE_FOR;
}

/**
 * Which end of a feed is the old one, as most dates say: some feeds stand upside down, always or by chance.
 * Dates that contradict each other evenly leave it unclear; without dates it is the convention.
 */
export function orderOf(entries: readonly NormalizedEntry[]): "newest first" | "oldest first" | "unclear" {
  const dates = entries.map(({ entry }) => entry.publishedAt ?? entry.updatedAt).filter((date) => date !== undefined);
  let falling = 0;
  let rising = 0;
  for (const [i, date] of dates.entries()) {
    const below = dates[i + 1];
    if (below !== undefined && below < date) falling += 1;
    else if (below !== undefined && below > date) rising += 1;
  }
  if (falling === rising && falling > 0) return "unclear";
  return falling >= rising ? "newest first" : "oldest first";
}
