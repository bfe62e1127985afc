/**
 * SourceForge: `projects/<name>/rss`: files, named by their path. No tags, no commits.
 *
 * @module
 */
import type { ProviderReader } from "./provider.ts";

export const sourceforge: ProviderReader = {
  owns: (url) => url.hostname === "sourceforge.net",
  read: (entry) => ({ entryId: entry.id ?? entry.link }),
};
