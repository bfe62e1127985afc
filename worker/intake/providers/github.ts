/**
 * GitHub: `releases.atom`, `tags.atom` (one key space: the same entry ids in both), `commits/<branch>.atom`;
 * of its API `/repos/<owner>/<name>/security-advisories` and `/advisories?affects=<package>`.
 *
 * @module
 */
import { afterMarker, fullSha, ownerAndName, type ProviderReader, percentDecode } from "./provider.ts";

export const github: ProviderReader = {
  owns: (url) => url.hostname === "github.com" || url.hostname === "api.github.com",
  repository: ownerAndName,
  window: { release: 10, tag: 10, push: 20 },
  bareTags: true,
  tagEntryId: (tag, known) => {
    const prefix = known
      .map((id) => /^tag:github\.com,2008:Repository\/\d+\//.exec(id)?.[0])
      .find((found) => found !== undefined);
    return prefix === undefined ? `refs/tags/${tag}` : `${prefix}${tag}`;
  },
  read: (entry, { event, url }) => {
    if (event === "advisory") return { entryId: entry.id };
    if (event === "push") {
      const sha = fullSha(entry.id?.split("/").at(-1)) ?? fullSha(afterMarker(entry.link, "/commit/"));
      return { entryId: sha, sha, ref: branchOf(url) };
    }
    // The id ends in the tag as it is, the link in its percent-encoded form; old feeds have relative links.
    const tag =
      afterMarker(entry.link, "/releases/tag/", "/tree/") ??
      /^tag:github\.com,2008:Repository\/\d+\/(.+)$/.exec(entry.id ?? "")?.[1];
    return { entryId: entry.id, tag };
  },
};

function branchOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const branch = /^\/[^/]+\/[^/]+\/commits\/(.+)\.atom$/.exec(new URL(url).pathname)?.[1];
  const name = branch === undefined ? undefined : percentDecode(branch);
  return name === undefined ? undefined : `refs/heads/${name}`;
}
