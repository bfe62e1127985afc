/**
 * kernel.org: `releases.json`, `feeds/kdist.xml`. Both tell versions; the version is the key, since
 * the feed's id holds the day too.
 *
 * @module
 */
import type { ProviderReader } from "./provider.ts";

export const kernel: ProviderReader = {
  ownsHost: (hostname) => hostname === "kernel.org" || hostname === "www.kernel.org",
  // Mainline and stable tags are all here.
  repository: () => "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git",
  read: (entry) => {
    const version = /^kernel\.org,[^,]*,([^,]+),/.exec(entry.id ?? "")?.[1] ?? entry.id;
    // Every release is tagged with its version and a `v`; linux-next is not among the releases.
    const numbered = version !== undefined && /^\d/.test(version) ? `v${version}` : undefined;
    return { entryId: version, tag: entry.tag ?? numbered };
  },
};
