/**
 * Package registries: npm, PyPI, crates.io, and mirrors of them. Their ids are theirs; PyPI's RSS has
 * only links. They are known by the shape of their addresses, not by one host.
 *
 * @module
 */
import { fullSha, type ProviderReader } from "./provider.ts";

export const npm: ProviderReader = {
  // A package's name alone says nothing: a source of this provider says so itself.
  owns: () => false,
  read: (entry) => ({ entryId: entry.id ?? entry.link, sha: fullSha(entry.commit) }),
};

export const pypi: ProviderReader = {
  owns: (url) => /^\/rss\/project\/[^/]+\/releases\.xml$|^\/pypi\/[^/]+\/json$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.link ?? entry.id }),
};

export const crates: ProviderReader = {
  owns: (url) => /^\/api\/v1\/crates\/[^/]+$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.id ?? entry.link }),
};
