/**
 * SourceForge: `projects/<name>/rss`: files, by their path. Several files are one release: what they share
 * is the folder that is named after a version, or the version in their names.
 *
 * @module
 */
import { afterMarker, type ProviderReader } from "./provider.ts";

/** Of a folder: `1.4`, `v1.4`, `rocket-1.4-rc1`. */
const FOLDER_VERSION = /(?:^|[-_ ])v?(\d+(?:\.\d+)+[\w.+~-]*)$/i;

/** Of a file: what follows a version there may be a platform or an ending. */
const FILE_VERSION = /[-_ ]v?(\d+(?:\.\d+)+(?:[-.~]?(?:rc|beta|alpha|pre)[-.]?\d*)?)/i;

export const sourceforge: ProviderReader = {
  ownsHost: (hostname) => hostname === "sourceforge.net",
  manyPerMovement: true,
  read: (entry) => {
    const path = afterMarker(entry.link, "/files/")?.replace(/\/download$/, "");
    return (path === undefined ? undefined : release(path)) ?? { entryId: entry.id ?? entry.link };
  },
};

/** Named after its folder, so that two lines of one project with equal versions are two releases. */
function release(path: string): { entryId: string; version: string } | undefined {
  const segments = path.split("/");
  const file = segments.pop() ?? "";
  for (let depth = segments.length; depth > 0; depth--) {
    const version = FOLDER_VERSION.exec(segments[depth - 1] ?? "")?.[1];
    if (version !== undefined) return { entryId: segments.slice(0, depth).join("/"), version };
  }
  const version = FILE_VERSION.exec(file)?.[1];
  return version === undefined ? undefined : { entryId: [...segments, version].join("/"), version };
}
