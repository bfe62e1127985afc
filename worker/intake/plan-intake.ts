/**
 * What a poll means: entries that are new, edited, gone or back. Pure.
 *
 * An entry is known by its key alone. Its place in the feed and its dates say nothing about whether it
 * is new; they only put several new ones of one poll in order.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import { findAbsences, orderOf, type StandingEntry } from "./absence.ts";
import { BARE, isBare, isTold, type KnownEntry, REFS_ONLY, WEBHOOK_ONLY } from "./known-entry.ts";
import {
  emit,
  emitEdit,
  emitRelease,
  emitRepublished,
  emptyPlan,
  type IntakePlan,
  type MovementContext,
  signal,
} from "./movement.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";

export type IntakeInput = MovementContext & {
  /** Whether a poll of this feed ever succeeded. */
  primed: boolean;
  /** Whether the rows of that first poll are still there. */
  seeded: boolean;
  known: ReadonlyMap<string, KnownEntry>;
  /** Those that stood in the feed when it was last read. */
  standing: readonly StandingEntry[];
  /** Number of this poll among the source's good ones. */
  poll: number;
  /** In the order of the feed. */
  entries: readonly NormalizedEntry[];
  /** Entries that this feed holds at most, where that is known. */
  window?: number | undefined;
};

/** Decides what a poll's entries are, against the keys that are known. */
export function planIntake(input: IntakeInput): IntakePlan {
  const plan = emptyPlan();
  const find = knownFinder(input.known.values());
  const priming = primes(input);
  const told = input.entries.map(({ entry }) => isTold(find(entry)));
  const { left, republished } = findAbsences({ ...input, find });
  const news = new Set<FeedEntry>();
  for (const gone of left) plan.entries.push({ ...gone, missingFrom: input.poll });
  for (const { entry: said, fingerprint: digest, form } of oldestFirst(input.entries)) {
    const known = find(said);
    const back = republished.has(said) && input.config.event !== "advisory";
    if (known?.fingerprint.replace(BARE, "") === digest && !back) {
      if (known.missingFrom !== null) plan.entries.push({ ...known, missingFrom: null, lastSeenAt: input.now });
      continue;
    }
    const bare = known !== undefined && isBare(known) ? form !== "release" : form === "bare";
    // What a webhook called a release is one, however long a cache shows what was there before.
    const fingerprint = bare && known?.fingerprint !== WEBHOOK_ONLY ? `${BARE}${digest}` : digest;
    // The refs may have named it first, under another id: that one stays.
    const entry = known === undefined ? said : { ...said, entryId: known.entryId };
    const fresh =
      known === undefined || (known.fingerprint === REFS_ONLY && (!input.primed || isNews(input, said, known, told)));
    const revision = known === undefined ? 0 : known.revision + (isTold(known) ? 1 : 0);
    plan.entries.push({
      entryId: entry.entryId,
      fingerprint,
      revision,
      tag: entry.tag ?? known?.tag ?? null,
      commit: known?.commit ?? null,
      firstSeenAt: input.now,
      lastSeenAt: input.now,
      missingFrom: null,
    });
    // For the gap rule it is as new as any: the feed has not told it before.
    if (known?.fingerprint === WEBHOOK_ONLY) news.add(said);
    if (fresh && priming) plan.signals.push(signal(input, entry, 0, "primed"));
    else if (fresh) {
      news.add(said);
      // Of a movement that the refs told and that was emitted then, this makes the same ids: nothing new.
      emit(plan, input, entry, 0);
    } else if (known !== undefined && isBare(known) && form === "release") emitRelease(plan, input, entry, revision);
    else if (back) emitRepublished(plan, input, entry, revision);
    else if (isTold(known) && tellsAnew(input, known, fingerprint)) emit(plan, input, entry, revision);
    else if (isTold(known)) emitEdit(plan, input, entry, revision);
  }
  const oldest = input.entries.at(orderOf(input.entries) === "oldest first" ? 0 : -1)?.entry;
  plan.gap = oldest !== undefined && news.has(oldest) && input.entries.length >= (input.window ?? 1);
  return plan;
}

/** Finds an entry by its id, or by its tag: the refs know no ids. */
function knownFinder(known: Iterable<KnownEntry>): (entry: FeedEntry) => KnownEntry | undefined {
  const byId = new Map<string, KnownEntry>();
  const byTag = new Map<string, KnownEntry>();
  for (const entry of known) {
    byId.set(entry.entryId, entry);
    if (entry.tag !== null) byTag.set(entry.tag, entry);
  }
  return (entry) => byId.get(entry.entryId) ?? (entry.tag === undefined ? undefined : byTag.get(entry.tag));
}

/** An advisory that now says something else of versions is news to whoever acted on it; new words are not. */
function tellsAnew(input: IntakeInput, known: KnownEntry | undefined, fingerprint: string): boolean {
  const facts = (text: string | undefined) => text?.split("-")[0];
  return input.config.event === "advisory" && facts(known?.fingerprint) !== facts(fingerprint);
}

/**
 * An old tag that the feed had not told so far is news when it was released now: then it stands above
 * entries that were told before. Below all of them it only slid into the window because another went;
 * so it did, wherever it stands, with a date from before the tag was known.
 */
function isNews(input: IntakeInput, entry: FeedEntry, known: KnownEntry, told: readonly boolean[]): boolean {
  if (input.config.event !== "release") return false;
  const date = entry.updatedAt ?? entry.publishedAt;
  if (date !== undefined && date < known.firstSeenAt) return false;
  return told.lastIndexOf(true) > input.entries.findIndex((item) => item.entry === entry);
}

/**
 * Whether what is new is only the state of the world before we watched. A source whose rows are gone
 * re-seeds whatever it was told, or it would flood. A source whose address changed primes too, unless
 * its new feed tells entries that are known: then it is the same feed, and what is new is news.
 */
function primes(input: IntakeInput): boolean {
  if (input.primed && !input.seeded) return true;
  return !input.primed && input.config.primeOnly && ![...input.known.values()].some(isTold);
}

/**
 * Feeds stand newest first, except where they do not (merged commits, backports, PyPI). Dates order
 * the entries where every one of them has one; else the feed's own order does.
 */
function oldestFirst(entries: readonly NormalizedEntry[]): NormalizedEntry[] {
  const reversed = entries.toReversed();
  const dated = reversed.map((item) => ({ item, date: item.entry.publishedAt ?? item.entry.updatedAt }));
  if (dated.some(({ date }) => date === undefined)) return reversed;
  return dated
    .toSorted((a, b) => ((a.date ?? "") < (b.date ?? "") ? -1 : a.date === b.date ? 0 : 1))
    .map(({ item }) => item);
}
