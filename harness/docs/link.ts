/**
 * Where a link in a document leads: the same place on GitHub, where files link to files, and on the site.
 *
 * @module
 */
import { posix } from "node:path";

export type Target =
  | { kind: "elsewhere"; href: string }
  /** A file or folder of the project, by its path; a folder ends in `/`. */
  | { kind: "here"; path: string; anchor: string | null };

/** @param from the document's own path from the project's folder */
export function readLink(from: string, href: string): Target {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) return { kind: "elsewhere", href };
  const [path = "", anchor] = href.split("#", 2);
  return {
    kind: "here",
    path: path === "" ? from : posix.normalize(posix.join(posix.dirname(from), path)),
    anchor: anchor ?? null,
  };
}
