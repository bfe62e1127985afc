/**
 * What a provider knows: how its feeds name tags and commits, and what stays the same of an entry
 * when everything else about it is edited.
 *
 * @module
 */
import type { FeedEventKind, FeedSourceConfig } from "../contract/feed-source.ts";
import type { RawEntry } from "./raw-entry.ts";

/** What the provider may know besides the entry. */
export type EntryContext = {
  event: FeedEventKind;
  url: string | undefined;
  /** Of a source of advisories: the package they are about. */
  package?: FeedSourceConfig["package"];
  /** What tags are made of versions: `v<version>`. */
  tag?: FeedSourceConfig["tag"];
};

/** The part of an entry that only the provider can tell. */
export type ProviderFacts = {
  /** Same for the same movement, in every feed of this provider that tells it. */
  entryId?: string | undefined;
  tag?: string | undefined;
  /** As a registry names it: no tag, but one is named after it. */
  version?: string | undefined;
  ref?: string | undefined;
  sha?: string | undefined;
  /** Where a feed of releases tells bare tags too: which of them it is, as far as that can be told. */
  form?: "bare" | "release" | undefined;
};

export type ProviderReader = {
  /** Whether all feeds of a host are this provider's. */
  ownsHost?(hostname: string): boolean;
  /** Whether an address looks like this provider's on whatever host. */
  ownsPath?(url: URL): boolean;
  read(entry: RawEntry, context: EntryContext): ProviderFacts;
  /** The Git repository behind a feed's address; undefined where it cannot be told. */
  repository?(url: URL): string | undefined;
  /** Where the repositories of this provider are, when it has only one place. */
  home?: string;
  /** What a source lacks without which it cannot be asked: a sentence that begins with the field's name. */
  missing?(source: Pick<FeedSourceConfig, "package">): string | undefined;
  /** Advisories that a plain GET does not give: the query for a page, and what its answer holds; undefined for none. */
  pages?: {
    query(source: Pick<FeedSourceConfig, "package">, token: string | undefined): unknown;
    read(answer: unknown): { advisories: readonly unknown[]; next: string | undefined } | undefined;
  };
  /** There is no feed: the repository's refs are asked in its place. */
  refsOnly?: boolean;
  /** Entries that the feed holds at most, where that is known. */
  window?: Readonly<Partial<Record<FeedEventKind, number>>>;
  /** Whether several entries may tell one movement, as files of one release do: the first of them counts. */
  manyPerMovement?: boolean;
  /** Whether the feed of releases tells tags without a release too: then every tag is a movement. */
  bareTags?: boolean;
  /** The entry id that the feed will give a tag, by the ids of entries it told before. */
  tagEntryIds?(known: readonly string[]): (tag: string) => string;
  /** The same by what a webhook says; without it webhooks tell nothing that polling would know again. */
  toldEntryId?(tag: string, repositoryId: string): string;
};

/** `https://host/owner/name.git` for an address that starts with `/owner/name/`. */
export function ownerAndName(url: URL): string | undefined {
  const [, owner, name] = url.pathname.split("/");
  if (owner === undefined || name === undefined || owner === "" || name === "") return undefined;
  return `${url.origin}/${owner}/${name.replace(/\.(?:rss|atom|git)$/, "")}.git`;
}

/** Everything after a marker in a link's path, percent-decoded: tags may hold slashes. */
export function afterMarker(link: string | undefined, ...markers: readonly string[]): string | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined;
  const path = new URL(link).pathname;
  for (const marker of markers) {
    const at = path.indexOf(marker);
    if (at < 0) continue;
    const rest = percentDecode(path.slice(at + marker.length).replace(/\/+$/, ""));
    if (rest !== undefined && rest !== "") return rest;
  }
  return undefined;
}

/** The version in `name@1.2.3`, where the name may hold an `@` too. */
export function afterAt(id: string | undefined): string | undefined {
  return /@(\d[^@]*)$/.exec(id ?? "")?.[1];
}

/** A full object id, lower case; anything shorter is no name for a commit. */
export function fullSha(text: string | undefined): string | undefined {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text ?? "") ? text?.toLowerCase() : undefined;
}

export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
