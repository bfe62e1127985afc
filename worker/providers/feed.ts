/**
 * A plain feed of anything: its own ids, or its links where it has none (PyPI).
 *
 * @module
 */
import { afterMarker, fullSha, type ProviderReader } from "./provider.ts";

export const feed: ProviderReader = {
  read: (entry, { event }) => {
    const entryId = entry.id ?? entry.link;
    if (event === "push") return { entryId, sha: fullSha(afterMarker(entry.link, "/commit/")) ?? fullSha(entry.id) };
    return { entryId, tag: entry.tag ?? afterMarker(entry.link, "/releases/tag/", "/-/releases/", "/-/tags/") };
  },
};
