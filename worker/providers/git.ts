/**
 * Git itself: no feed at all, the repository's refs are asked (`git+https://…` or the plain address).
 *
 * @module
 */
import type { ProviderReader } from "./provider.ts";

export const git: ProviderReader = {
  ownsPath: (url) => url.protocol.startsWith("git+") || url.pathname.endsWith(".git"),
  repository: (url) => url.href.replace(/^git\+/, ""),
  bareTags: true,
  refsOnly: true,
  toldEntryId: (tag) => tag,
  // What the refs say needs no reading; a feed at such an address would be somebody else's.
  read: () => ({}),
};
