/**
 * Atom 1.0 (RFC 4287) and 0.3.
 *
 * @module
 */

import type { RawEntry } from "../providers/raw-entry.ts";
import { readFeedDate } from "./feed-date.ts";
import { resolveLink } from "./feed-link.ts";
import { attribute, bodyOf, child, children, textOf, titleOf, type XmlNode } from "./xml-document.ts";

export function readAtomTitle(feed: XmlNode): string | undefined {
  return titleOf(feed);
}

export function readAtomEntries(feed: XmlNode, url: string | undefined): RawEntry[] {
  const feedBase = attribute(feed, "xml:base");
  return children(feed, "entry").map((entry) => readEntry(entry, feedBase, url));
}

function readEntry(entry: XmlNode, feedBase: string | undefined, url: string | undefined): RawEntry {
  const link = alternate(entry);
  const published = textOf(entry, "published", "issued", "created");
  const updated = textOf(entry, "updated", "modified");
  return {
    id: textOf(entry, "id"),
    link:
      link === undefined
        ? undefined
        : resolveLink(
            attribute(link, "href"),
            attribute(link, "xml:base"),
            attribute(entry, "xml:base"),
            feedBase,
            url,
          ),
    title: titleOf(entry),
    author: textOf(child(entry, "author"), "name"),
    publishedAt: published === undefined ? undefined : readFeedDate(published),
    updatedAt: updated === undefined ? undefined : readFeedDate(updated),
    ...bodyOf([...children(entry, "content"), ...children(entry, "summary")]),
  };
}

/** The page of the entry: RFC 4287 lets `rel` be absent, and a feed may also link other formats. */
function alternate(entry: XmlNode): XmlNode | undefined {
  const links = children(entry, "link").filter((link) => attribute(link, "href") !== undefined);
  const pages = links.filter((link) => (attribute(link, "rel") ?? "alternate") === "alternate");
  return pages.find((link) => attribute(link, "type") === "text/html") ?? pages[0] ?? links[0];
}
