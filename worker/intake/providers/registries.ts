/**
 * Package registries: npm, PyPI, crates.io, and mirrors of them. Their ids are theirs; PyPI's RSS has
 * only links. They are known by the shape of their addresses, not by one host.
 *
 * @module
 */
import { fullSha, type ProviderReader, percentDecode } from "./provider.ts";

export const npm: ProviderReader = {
  // A package's name alone says nothing: a source of this provider says so itself.
  owns: () => false,
  read: (entry) => ({ entryId: entry.id ?? entry.link, sha: fullSha(entry.commit), version: afterAt(entry.id) }),
};

export const pypi: ProviderReader = {
  owns: (url) => /^\/rss\/project\/[^/]+\/releases\.xml$|^\/pypi\/[^/]+\/json$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.link ?? entry.id, version: lastSegment(entry.link) ?? afterAt(entry.id) }),
};

export const crates: ProviderReader = {
  owns: (url) => /^\/api\/v1\/crates\/[^/]+$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.id ?? entry.link, version: afterAt(entry.id) }),
};

/** `name@1.2.3`, where the name may hold an `@` too. */
function afterAt(id: string | undefined): string | undefined {
  return /@(\d[^@]*)$/.exec(id ?? "")?.[1];
}

/** `…/project/<name>/1.2.3/` */
function lastSegment(link: string | undefined): string | undefined {
  if (link === undefined || !URL.canParse(link)) return undefined;
  const segment = /\/(\d[^/]*)\/?$/.exec(new URL(link).pathname)?.[1];
  return segment === undefined ? undefined : percentDecode(segment);
}
