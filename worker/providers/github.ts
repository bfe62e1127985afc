/**
 * GitHub: `releases.atom`, `tags.atom` (one key space: the same entry ids in both), `commits/<branch>.atom`;
 * of its API `/repos/<owner>/<name>/security-advisories` and `/advisories?affects=<package>`.
 *
 * @module
 */

import {
  afterMarker,
  fullSha,
  ownerAndName,
  type ProviderFacts,
  type ProviderReader,
  percentDecode,
} from "./provider.ts";
import type { RawEntry } from "./raw-entry.ts";

export const github: ProviderReader = {
  ownsHost: (hostname) => hostname === "github.com" || hostname === "api.github.com",
  home: "https://github.com",
  repository: ownerAndName,
  window: { release: 10, tag: 10, push: 20 },
  bareTags: true,
  tagEntryIds: (known) => {
    const shape = /^tag:github\.com,2008:Repository\/\d+\//;
    const like = known.find((id) => shape.test(id));
    const prefix = like === undefined ? "refs/tags/" : (shape.exec(like)?.[0] ?? "");
    return (tag) => `${prefix}${tag}`;
  },
  toldEntryId: (tag, repositoryId) => `tag:github.com,2008:Repository/${repositoryId}/${tag}`,
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
    return { entryId: entry.id, tag, form: event === "release" ? formOf(entry, tag) : undefined };
  },
};

/**
 * The feed does not say whether an entry is a release. A bare tag goes by its name and has its message
 * in plain paragraphs, and so may a release; a title of its own, or markup, only a release has.
 */
function formOf({ title, bodyForm }: RawEntry, tag: string | undefined): ProviderFacts["form"] {
  if (tag === undefined || title === undefined) return undefined;
  if (bodyForm === "markup") return "release";
  // With a longer message its first line follows the name.
  if (title !== tag && !title.startsWith(`${tag}: `)) return "release";
  return bodyForm === "plain" ? "bare" : undefined;
}

function branchOf(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const branch = /^\/[^/]+\/[^/]+\/commits\/(.+)\.atom$/.exec(new URL(url).pathname)?.[1];
  const name = branch === undefined ? undefined : percentDecode(branch);
  return name === undefined ? undefined : `refs/heads/${name}`;
}
