/**
 * A raw entry, read by its provider, as the record keeps it. Absent is absent, never invented.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import type { Provider } from "../contract/feed-source.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { PROVIDERS } from "../providers/index.ts";
import type { EntryContext } from "../providers/provider.ts";
import type { RawEntry } from "../providers/raw-entry.ts";
import { shortDigest } from "./digest.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

/** An entry, and a digest of what a reader would call its content. */
export type NormalizedEntry = {
  entry: FeedEntry;
  fingerprint: string;
  /** Of a feed that mixes them: what the entry is, where that can be told. */
  form?: "bare" | "release";
};

export type NormalizedFeed = { entries: NormalizedEntry[]; warnings: string[] };

/** Longest entry id; the contract's limit, with room for the digest that replaces a longer id's end. */
const MAX_ENTRY_ID = 1000;

/** Longest tag; what git itself takes for a ref name component on common file systems. */
const MAX_TAG = 250;

/**
 * Reads all entries, in the order of the feed. One that cannot be read costs itself and a warning;
 * of two with one id the first counts.
 */
export function normalizeFeed(
  feed: ParsedFeed,
  provider: Provider,
  context: EntryContext,
  now: string,
): NormalizedFeed {
  const entries: NormalizedEntry[] = [];
  const warnings = [...feed.warnings];
  const seen = new Set<string>();
  for (const [i, raw] of feed.entries.entries()) {
    const read = normalizeEntry(raw, provider, context, now);
    if (!read.ok)
      warnings.push(`entry ${i + 1}${raw.title === undefined ? "" : ` (${raw.title.slice(0, 80)})`}: ${read.failure}`);
    else if (seen.has(read.value.entry.entryId)) {
      if (PROVIDERS[provider].manyPerMovement !== true)
        warnings.push(`entry ${i + 1}: the id '${read.value.entry.entryId}' came before`);
    } else {
      seen.add(read.value.entry.entryId);
      entries.push(read.value);
    }
  }
  return { entries, warnings };
}

export function normalizeEntry(
  raw: RawEntry,
  provider: Provider,
  context: EntryContext,
  now: string,
): Result<NormalizedEntry, string> {
  if (context.event === "advisory") return normalizeAdvisory(raw, context, now);
  const facts = PROVIDERS[provider].read(raw, context);
  if (facts.entryId === undefined || facts.entryId.trim() === "")
    return fail(
      context.event === "push" ? "it names no commit and has no id" : "it names no tag and has no id or link",
    );
  const version = facts.version !== undefined && isTagText(facts.version) ? facts.version : undefined;
  const named = facts.tag ?? (version === undefined ? undefined : context.tag?.replace("<version>", () => version));
  const tag = named !== undefined && isTagText(named) ? named : undefined;
  const entry: FeedEntry = {
    entryId: entryKey(facts.entryId),
    ...present("title", raw.title),
    ...present("url", raw.link),
    ...present("author", raw.author),
    ...present("publishedAt", notAfter(raw.publishedAt, now)),
    ...present("updatedAt", notAfter(raw.updatedAt, now)),
    ...present("version", version),
    ...present("tag", tag),
    ...present("ref", facts.ref),
    ...present("sha", facts.sha),
    ...present("prerelease", raw.prerelease),
  };
  // Dates as the feed has them: clamping moves with the clock and would look like an edit each time.
  const content = [
    raw.title,
    raw.author,
    raw.publishedAt,
    raw.updatedAt,
    tag,
    facts.sha,
    raw.prerelease,
    raw.bodyDigest,
  ];
  const form = facts.form === undefined ? {} : { form: facts.form };
  return ok({ entry, fingerprint: shortDigest(JSON.stringify(content)), ...form });
}

/** Two digests: of what it says of versions, and of everything else, since only the first is news. */
function normalizeAdvisory(raw: RawEntry, context: EntryContext, now: string): Result<NormalizedEntry, string> {
  if (raw.advisory === undefined) return fail("it is no advisory");
  const { affected, ...rest } = raw.advisory;
  const of = context.package;
  const ours = affected.filter((one) => of === undefined || one.name?.toLowerCase() === of.name.toLowerCase());
  // What names other packages only was found for this one all the same: better all of it than nothing.
  const advisory = { ...rest, affected: ours.length === 0 ? affected : ours };
  const entry: FeedEntry = {
    entryId: entryKey(advisory.id),
    ...present("title", raw.title),
    ...present("url", raw.link),
    ...present("publishedAt", notAfter(raw.publishedAt, now)),
    ...present("updatedAt", notAfter(raw.updatedAt, now)),
    advisory,
  };
  const facts = [advisory.affected, advisory.severity, advisory.withdrawnAt !== undefined];
  const words = [raw.title, raw.bodyDigest, advisory.aliases];
  return ok({ entry, fingerprint: `${shortDigest(JSON.stringify(facts))}-${shortDigest(JSON.stringify(words))}` });
}

/** Ids become part of event ids: one line, no spaces, bounded. */
function entryKey(id: string): string {
  const key = id.trim().replace(/\s+/g, "%20");
  return key.length <= MAX_ENTRY_ID ? key : `${key.slice(0, MAX_ENTRY_ID - 17)}#${shortDigest(key)}`;
}

function notAfter(date: string | undefined, now: string): string | undefined {
  return date !== undefined && date > now ? now : date;
}

function present<K extends keyof FeedEntry>(key: K, value: FeedEntry[K] | undefined): Partial<FeedEntry> {
  return value === undefined ? {} : { [key]: value };
}

function isTagText(text: string): boolean {
  return text.length <= MAX_TAG && !hasControl(text);
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u0020\u007f]/.test(text);
}
