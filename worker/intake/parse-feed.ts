/**
 * Bytes that a server sent as a feed to entries, or to why they are none.
 *
 * The root element decides what it is; the address' ending and the Content-Type often lie. Pure, and
 * free of anything that only Workers have.
 *
 * @module
 */
import { fail, ok, type Result } from "../platform/result.ts";
import { readAtomEntries, readAtomTitle } from "./atom.ts";
import { decodeFeedText } from "./feed-text.ts";
import { parseJsonFeed } from "./json-formats.ts";
import type { FeedFailure, ParsedFeed } from "./parsed-feed.ts";
import { readRssItems, readRssTitle } from "./rss.ts";
import { child, field, parseXml } from "./xml-document.ts";
import { rootElement } from "./xml-outline.ts";

export type FeedBody = {
  bytes: Uint8Array;
  contentType?: string;
  /** Where it came from: relative links are relative to it. */
  url?: string;
};

/** Longest message of a failure, characters. */
const MAX_MESSAGE = 400;

/** @example parseFeed({ bytes, contentType: "application/atom+xml", url: "https://…/releases.atom" }) */
export function parseFeed(body: FeedBody): Result<ParsedFeed, FeedFailure> {
  const feed = readBody(body);
  if (feed.ok) return feed;
  // Messages quote what was sent, and what was sent may be of any length.
  return fail({ ...feed.failure, message: feed.failure.message.slice(0, MAX_MESSAGE).toWellFormed() });
}

function readBody(body: FeedBody): Result<ParsedFeed, FeedFailure> {
  const binary = binaryKind(body.bytes);
  if (binary !== undefined) return notFeed(`${binary} data`);
  const decoded = decodeFeedText(body.bytes, body.contentType);
  if (!decoded.ok) return decoded;
  const text = decoded.value.trimStart();
  if (text === "") return fail({ code: "feed_empty", message: "the server sent an empty answer instead of a feed" });
  if (text.startsWith("{") || text.startsWith("[")) return parseJsonFeed(text, body.url);
  if (!text.startsWith("<")) return notFeed(`text that begins "${field(text.slice(0, 80)) ?? ""}"`);
  return parseXmlFeed(text, body.url);
}

function parseXmlFeed(text: string, url: string | undefined): Result<ParsedFeed, FeedFailure> {
  // The name first: that it is no feed says more than that it is broken.
  const name = rootElement(text);
  if (name !== undefined && /^(?:html|head|body|title|meta|script|div|p|center)$/i.test(name)) return html(text);
  if (name !== undefined && !/^(?:[\w.-]+:)?(?:feed|rss|RDF)$/.test(name))
    return notFeed(`a <${name.slice(0, 40)}> document`);
  const document = parseXml(text);
  if (!document.ok) return document;
  const { root, node } = document.value;
  switch (root) {
    case "feed":
      return ok({ format: "atom", title: readAtomTitle(node), entries: readAtomEntries(node, url), warnings: [] });
    case "rss":
    case "rdf:RDF":
      if (child(node, "channel") === undefined) return notFeed(`an <${root}> document without a channel`);
      return ok({
        format: root === "rss" ? "rss" : "rdf",
        title: readRssTitle(node),
        entries: readRssItems(node, url),
        warnings: [],
      });
    default:
      return notFeed(`a <${name?.slice(0, 40) ?? root}> document`);
  }
}

/** Forges answer log-in pages and bot walls with status 200: their titles say which. */
function html(text: string): Result<never, FeedFailure> {
  const title = field(/<title[^>]{0,200}>([^<]{0,200})/i.exec(text.slice(0, 65_536))?.[1] ?? "");
  const what = title === undefined ? "an HTML page" : `an HTML page titled "${title}"`;
  return fail({ code: "feed_html", message: `the server sent ${what} instead of a feed` });
}

function notFeed(what: string): Result<never, FeedFailure> {
  return fail({ code: "feed_not_feed", message: `the server sent ${what} instead of a feed` });
}

function binaryKind(bytes: Uint8Array): string | undefined {
  const starts = (...prefix: number[]): boolean => prefix.every((byte, i) => bytes[i] === byte);
  if (starts(0x1f, 0x8b)) return "gzip";
  if (starts(0x50, 0x4b, 0x03, 0x04)) return "zip";
  if (starts(0x89, 0x50, 0x4e, 0x47) || starts(0xff, 0xd8, 0xff) || starts(0x47, 0x49, 0x46, 0x38)) return "image";
  if (starts(0x25, 0x50, 0x44, 0x46)) return "PDF";
  return undefined;
}
