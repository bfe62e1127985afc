/**
 * RSS 2.0 and 0.9x, and RSS 1.0 (RDF), with Dublin Core dates and authors.
 *
 * @module
 */

import type { RawEntry } from "../providers/raw-entry.ts";
import { readFeedDate } from "./feed-date.ts";
import { resolveLink } from "./feed-link.ts";
import { attribute, bodyOf, child, children, field, rawText, textOf, titleOf, type XmlNode } from "./xml-document.ts";

export function readRssTitle(root: XmlNode): string | undefined {
  return titleOf(child(root, "channel"));
}

/** Items stand in the channel (RSS 2.0) or beside it (RSS 1.0, 0.90). */
export function readRssItems(root: XmlNode, url: string | undefined): RawEntry[] {
  const channel = child(root, "channel");
  const base = attribute(channel ?? "", "xml:base") ?? attribute(root, "xml:base");
  return [...children(channel, "item"), ...children(root, "item")].map((item) => readItem(item, base, url));
}

function readItem(item: XmlNode, base: string | undefined, url: string | undefined): RawEntry {
  const guid = child(item, "guid");
  const guidText = guid === undefined ? undefined : field(rawText(guid));
  const permalink = guid !== undefined && attribute(guid, "isPermaLink") !== "false" ? guidText : undefined;
  const href = linkOf(item) ?? (permalink?.startsWith("http") === true ? permalink : undefined);
  const published = textOf(item, "pubDate", "dc:date", "dcterms:issued", "published");
  const updated = textOf(item, "updated", "dcterms:modified");
  return {
    id: guidText ?? attribute(item, "rdf:about"),
    link: resolveLink(href, attribute(item, "xml:base"), base, url),
    title: titleOf(item),
    author: textOf(item, "author", "dc:creator") ?? textOf(child(item, "author"), "name"),
    publishedAt: published === undefined ? undefined : readFeedDate(published),
    updatedAt: updated === undefined ? undefined : readFeedDate(updated),
    ...bodyOf([...children(item, "description"), ...children(item, "content:encoded")]),
  };
}

/** RSS writes the address as text; an Atom link in an RSS item has it in an attribute. */
function linkOf(item: XmlNode): string | undefined {
  const links = children(item, "link");
  const asText = links.map((link) => field(rawText(link))).find((text) => text !== undefined);
  return asText ?? links.map((link) => attribute(link, "href")).find((href) => href !== undefined);
}
