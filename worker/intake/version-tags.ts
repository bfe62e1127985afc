/**
 * Git tags of versions: a package registry tells versions, a stack is carried onto tags. Where the source
 * has no template for them, the tags of upstream's repository say which one is meant.
 *
 * @module
 */
import type { FeedEntry } from "../contract/feed-signal.ts";
import type { FeedSourceConfig } from "../contract/feed-source.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { compareVersions, splitTag } from "../releases/version.ts";
import { lsRefs, type RemoteRef } from "./ls-refs.ts";
import type { FollowingStack } from "./movement.ts";
import type { NormalizedEntry } from "./normalize-entry.ts";
import { repositoryOf } from "./repository.ts";

/** A version may be published before its tag is pushed: so long it is waited for, milliseconds. */
const WAIT_MS = 86_400_000;

const TAGS = "refs/tags/";

export type Tagged = {
  entries: readonly NormalizedEntry[];
  /** Some were left out, since their tags are not there yet: the feed must be read again. */
  waiting: boolean;
};

/** Entries of a feed with the tags of those versions that are not known yet. Asks only when there are any. */
export async function tagVersions(
  source: { config: FeedSourceConfig; primed: boolean },
  entries: readonly NormalizedEntry[],
  isKnown: (entry: FeedEntry) => boolean,
  stacks: readonly FollowingStack[],
  now: string,
  outbound: Outbound,
): Promise<Result<Tagged, { code: string; message: string }>> {
  const wanted = (entry: FeedEntry) => entry.tag === undefined && entry.version !== undefined && !isKnown(entry);
  const repository = repositoryOf(source.config) ?? upstreamOf(stacks);
  if (stacks.length === 0 || repository === undefined || !entries.some(({ entry }) => wanted(entry)))
    return ok({ entries, waiting: false });
  const answer = await lsRefs(repository, [TAGS], outbound);
  if (!answer.ok)
    return fail({
      code: "tags_unreadable",
      message: `the tags of ${repository} could not be read (${answer.failure.message}); set repo.webUrl to upstream's Git repository, or tag to a template`,
    });
  const find = tagFinder(answer.value.refs);
  const tagged: NormalizedEntry[] = [];
  for (const item of entries) {
    const found = wanted(item.entry) ? find(item.entry.version ?? "") : undefined;
    if (found !== undefined)
      tagged.push({ ...item, entry: { ...item.entry, tag: found.name.slice(TAGS.length), sha: found.commit } });
    else if (!source.primed || !wanted(item.entry) || !isYoung(item.entry, now)) tagged.push(item);
  }
  return ok({ entries: tagged, waiting: tagged.length < entries.length });
}

function isYoung({ publishedAt }: FeedEntry, now: string): boolean {
  return publishedAt !== undefined && Date.parse(now) - Date.parse(publishedAt) < WAIT_MS;
}

/** The one upstream of all stacks that are fed. */
function upstreamOf(stacks: readonly FollowingStack[]): string | undefined {
  const urls = new Set(stacks.map(({ upstream }) => upstream));
  const [only] = urls;
  return urls.size === 1 && only !== undefined && /^https?:/.test(only) ? only : undefined;
}

/** The tag that names a version, by the same text before an equal version; none where two lines have it. */
function tagFinder(refs: readonly RemoteRef[]): (version: string) => RemoteRef | undefined {
  const byVersion = new Map<string, RemoteRef[]>();
  const all: { version: string; ref: RemoteRef }[] = [];
  for (const ref of refs) {
    const version = splitTag(ref.name.slice(TAGS.length))?.version;
    if (version === undefined) continue;
    byVersion.set(version, [...(byVersion.get(version) ?? []), ref]);
    all.push({ version, ref });
  }
  return (version) => {
    const exact = byVersion.get(version) ?? [];
    const found =
      exact.length > 0
        ? exact
        : all.filter((one) => compareVersions(one.version, version, "auto") === 0).map(({ ref }) => ref);
    const plain = found.filter(({ name }) => /^refs\/tags\/v?\d/i.test(name));
    const candidates = plain.length > 0 ? plain : found;
    return candidates.length === 1 ? candidates[0] : candidates.find(({ name }) => name === `${TAGS}v${version}`);
  };
}
