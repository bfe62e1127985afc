/**
 * GitLab: `-/releases.atom`, `-/tags?format=atom`, `-/commits/<branch>?format=atom`.
 *
 * Titles are cut at some length, and tags without a release have no date. The link names the tag.
 *
 * @module
 */
import { afterMarker, fullSha, type ProviderReader, percentDecode } from "./provider.ts";

export const gitlab: ProviderReader = {
  ownsHost: (hostname) => hostname === "gitlab.com" || hostname.startsWith("gitlab."),
  home: "https://gitlab.com",
  toldEntryId: (tag) => tag,
  // Groups nest: everything before `/-/` is the project.
  repository: (url) => {
    const project = /^(\/.+?)\/-\//.exec(url.pathname)?.[1];
    return project === undefined ? undefined : `${url.origin}${project}.git`;
  },
  read: (entry, { event, url }) => {
    if (event === "push") {
      const sha = fullSha(afterMarker(entry.link, "/-/commit/"));
      return { entryId: sha ?? entry.id, sha, ref: branchOf(url) };
    }
    const tag = afterMarker(entry.link, "/-/releases/", "/-/tags/");
    return { entryId: tag ?? entry.id, tag };
  },
};

function branchOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const branch = /\/-\/commits\/(.+)$/.exec(new URL(url).pathname)?.[1];
  const name = branch === undefined ? undefined : percentDecode(branch);
  return name === undefined ? undefined : `refs/heads/${name}`;
}
