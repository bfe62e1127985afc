/**
 * PyPI and mirrors of it: `/rss/project/<name>/releases.xml`, which has only links, and `/pypi/<name>/json`.
 *
 * @module
 */
import { afterAt, type ProviderReader, percentDecode } from "./provider.ts";

export const pypi: ProviderReader = {
  ownsPath: (url) => /^\/rss\/project\/[^/]+\/releases\.xml$|^\/pypi\/[^/]+\/json$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.link ?? entry.id, version: lastSegment(entry.link) ?? afterAt(entry.id) }),
};

/** `…/project/<name>/1.2.3/` */
function lastSegment(link: string | undefined): string | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined;
  const segment = /\/(\d[^/]*)\/?$/.exec(new URL(link).pathname)?.[1];
  return segment === undefined ? undefined : percentDecode(segment);
}
