/**
 * fast-xml-parser behind the gate of `xml-outline.ts`, and the few questions that formats ask of the
 * tree it builds.
 *
 * Values stay text (`1.10` is no number), and entities stay undecoded until a field is read, so that
 * they are decoded exactly once.
 *
 * @module
 */
import { decodeHTMLStrict } from "entities";
import { XMLParser } from "fast-xml-parser";
import { fail, ok, type Result } from "../platform/result.ts";
import type { RawEntry } from "../providers/raw-entry.ts";
import { type FeedFailure, MAX_FIELD } from "./parsed-feed.ts";
import { BODY_FORMS, outlineXml, XML_LIMITS } from "./xml-outline.ts";

/** An element: its text, or an object of children, attributes (`@_name`) and text (`#text`). */
export type XmlNode = string | { readonly [key: string]: XmlNode | readonly XmlNode[] | undefined };

export type XmlDocument = { root: string; node: XmlNode };

const parser = new XMLParser({
  ignoreAttributes: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignorePiTags: true,
  ignoreDeclaration: true,
  jPath: false,
  maxNestedTags: XML_LIMITS.depth,
});

export function parseXml(text: string): Result<XmlDocument, FeedFailure> {
  const outline = outlineXml(text);
  if (!outline.ok) return outline;
  let parsed: { readonly [key: string]: XmlNode };
  try {
    parsed = parser.parse(outline.value.text) as { readonly [key: string]: XmlNode };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fail({ code: "feed_malformed", message: `the server sent XML that is not well-formed: ${message}` });
  }
  return ok({ root: outline.value.root, node: parsed[outline.value.root] ?? "" });
}

/** All children of a name, in order. */
export function children(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  if (node === undefined || typeof node === "string" || !Object.hasOwn(node, name)) return [];
  const value = node[name];
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

/** The first child of a name. */
export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return children(node, name)[0];
}

/** An attribute, decoded. */
export function attribute(node: XmlNode, name: string): string | undefined {
  if (typeof node === "string") return undefined;
  const value = node[`@_${name}`];
  return typeof value === "string" ? field(value) : undefined;
}

/** Text of the first child of one of these names that has any, decoded and cleaned. */
export function textOf(node: XmlNode | undefined, ...names: string[]): string | undefined {
  for (const name of names) {
    for (const element of children(node, name)) {
      const text = field(rawText(element));
      if (text !== undefined) return text;
    }
  }
  return undefined;
}

/** A title: where it says that it is HTML, what a reader would see of it (RFC 4287 section 3.1.1). */
export function titleOf(node: XmlNode | undefined): string | undefined {
  const element = child(node, "title");
  const title = textOf(node, "title");
  if (element === undefined || title === undefined) return undefined;
  const escaped = attribute(element, "type") === "html" || attribute(element, "mode") === "escaped";
  return escaped ? field(title.replace(/<[^<>]*>/g, "")) : title;
}

/** What is left of an entry's bodies. */
export function bodyOf(bodies: readonly XmlNode[]): Pick<RawEntry, "bodyDigest" | "bodyForm"> {
  if (bodies.length === 0) return {};
  const texts = bodies.map(rawText);
  const form = (["markup", "plain"] as const).find((one) => texts.some((text) => text.endsWith(BODY_FORMS[one])));
  const bodyDigest = texts.map((text) => text.replace(/~[pm]$/, "")).join(".");
  return form === undefined ? { bodyDigest } : { bodyDigest, bodyForm: form };
}

/** Text of an element and everything in it, undecoded. */
export function rawText(node: XmlNode): string {
  if (typeof node === "string") return node;
  const parts: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith("@_") || value === undefined) continue;
    for (const element of isList(value) ? value : [value]) parts.push(rawText(element));
  }
  return parts.join(" ");
}

/** Decodes entities once, drops control characters, folds white space; undefined when nothing is left. */
export function field(text: string): string | undefined {
  // Cut before decoding too: no entity is longer than what it stands for by more than this.
  const decoded = decodeHTMLStrict(text.slice(0, MAX_FIELD * 8));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here
  const clean = decoded.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  return clean === "" ? undefined : clean.slice(0, MAX_FIELD).toWellFormed();
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: XmlNode | readonly XmlNode[]): value is readonly XmlNode[] {
  return Array.isArray(value);
}
