/**
 * Package registries: npm, PyPI, crates.io. Their ids are theirs; PyPI's RSS has only links.
 *
 * @module
 */
import { fullSha, type ProviderReader } from "./provider.ts";

export const npm: ProviderReader = {
  owns: (url) => url.hostname === "registry.npmjs.org",
  read: (entry) => ({ entryId: entry.id ?? entry.link, sha: fullSha(entry.commit) }),
};

export const pypi: ProviderReader = {
  owns: (url) => url.hostname === "pypi.org",
  read: (entry) => ({ entryId: entry.link ?? entry.id }),
};

export const crates: ProviderReader = {
  owns: (url) => url.hostname === "crates.io" || url.hostname === "static.crates.io",
  read: (entry) => ({ entryId: entry.id ?? entry.link }),
};
