/**
 * cgit: `<repository>/atom/?h=<branch>`: commits, whose ids are bare object ids.
 *
 * @module
 */
import { fullSha, type ProviderReader } from "./provider.ts";

export const cgit: ProviderReader = {
  ownsPath: (url) => /\/atom\/?$/.test(url.pathname) && url.hostname.startsWith("git."),
  repository: (url) => url.origin + url.pathname.replace(/\/atom\/?.*$/, ""),
  read: (entry, { url }) => {
    const sha = fullSha(entry.id) ?? fullSha(query(entry.link, "id"));
    const branch = query(url, "h");
    return { entryId: sha ?? entry.id, sha, ref: branch === undefined ? undefined : `refs/heads/${branch}` };
  },
};

function query(address: string | undefined, name: string): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  return new URL(address).searchParams.get(name) ?? undefined;
}
