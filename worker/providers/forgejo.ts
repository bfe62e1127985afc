/**
 * Forgejo, Gitea and Codeberg: `releases.rss|atom`, `tags.rss|atom`, `<repo>.rss`, `rss/branch/<branch>`.
 *
 * Their entry ids hold a database id, which changes when a release is made anew; the title is the
 * release's own. Only the link names the tag.
 *
 * @module
 */
import { afterMarker, fullSha, ownerAndName, type ProviderReader, percentDecode } from "./provider.ts";

export const forgejo: ProviderReader = {
  ownsHost: (hostname) => hostname.startsWith("forgejo."),
  repository: ownerAndName,
  toldEntryId: (tag) => tag,
  read: (entry, { event, url }) => {
    if (event === "push") {
      const sha = fullSha(afterMarker(entry.link, "/commit/"));
      return { entryId: sha ?? entry.id, sha, ref: branchOf(url) };
    }
    const tag = afterMarker(entry.link, "/releases/tag/", "/src/tag/");
    return { entryId: tag, tag };
  },
};

export const gitea: ProviderReader = { ...forgejo, ownsHost: (hostname) => hostname.startsWith("gitea.") };

export const codeberg: ProviderReader = {
  ...forgejo,
  ownsHost: (hostname) => hostname === "codeberg.org",
  home: "https://codeberg.org",
};

function branchOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const branch = /^\/[^/]+\/[^/]+\/(?:rss|atom)\/branch\/(.+)$/.exec(new URL(url).pathname)?.[1];
  const name = branch === undefined ? undefined : percentDecode(branch);
  return name === undefined ? undefined : `refs/heads/${name}`;
}
