/**
 * One pass over the text of an XML document, linear in its length, to a tree of elements.
 *
 * It proves that there is one document, whole and properly nested and within limits; truncated text is
 * no feed, and nothing that is sent can make it eat all memory. Comments, processing instructions and a
 * plain DOCTYPE are passed over, and bodies (`content`, `description`, …), which are most of a feed's
 * bytes and may hold anything, are replaced by the digest of their words.
 *
 * @module
 */
import { fail, ok, type Result } from "../platform/result.ts";
import type { FeedFailure } from "./raw-entry.ts";
import { digestWords, findBodyEnd } from "./xml-body.ts";
import { canonicalNames, isFeedNamespace, localName } from "./xml-names.ts";

export const XML_LIMITS = {
  depth: 64,
  elements: 30_000,
  attributes: 64,
  /** One tag with its attributes, characters. */
  tag: 16 * 1024,
  /** One run of text outside bodies, characters. */
  text: 256 * 1024,
} as const;

export type XmlElement = {
  /** Canonical: see `xml-names.ts`. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** The element's own text, entities as they were written; `&` in CDATA stands as one. */
  text: string;
};

/** Elements whose inside is not parsed, by local name. */
const BODIES: ReadonlySet<string> = new Set(["content", "encoded", "summary", "description", "subtitle", "tagline"]);

const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const NOT_SPACE = /\S/g;
const TAG_END = /\s*(\/?)>/y;

/** Reads only as far as the root element's name; undefined when there is none. */
export function rootElement(text: string): string | undefined {
  const start = skipProlog(text);
  return start.ok ? nameAt(text, start.value + 1) : undefined;
}

/** Reads a document; values stay text (`1.10` is no number), and entities stay undecoded. */
export function readXml(text: string): Result<XmlElement, FeedFailure> {
  const prolog = skipProlog(text);
  if (!prolog.ok) return prolog;
  const open: { written: string; element: XmlElement }[] = [];
  let root: { element: XmlElement; canonical: (name: string) => string } | undefined;
  let elements = 0;
  /** Characters of text since the last tag. */
  let textLength = 0;
  let at = prolog.value;
  for (;;) {
    const lt = text.indexOf("<", at);
    const runEnd = lt < 0 ? text.length : lt;
    textLength += runEnd - at;
    if (textLength > XML_LIMITS.text) return tooComplex(`a run of text of more than ${XML_LIMITS.text / 1024} KiB`);
    const inside = open.at(-1)?.element;
    // White space between tags is most of all runs, and nothing to us.
    if (at < runEnd && !isBlank(text, at, runEnd)) {
      if (inside === undefined) return malformed(at, "text outside the document");
      inside.text += text.slice(at, runEnd);
    }
    if (lt < 0) break;
    if (text.startsWith("<!--", lt)) {
      const end = text.indexOf("-->", lt + 4);
      if (end < 0) return truncated("inside a comment");
      at = end + 3;
    } else if (text.startsWith("<![CDATA[", lt)) {
      const end = text.indexOf("]]>", lt + 9);
      if (end < 0) return truncated("inside a CDATA section");
      textLength += end - lt;
      if (inside === undefined) return malformed(lt, "text outside the document");
      // Entities are decoded when a field is read, and here there are none.
      inside.text += text.slice(lt + 9, end).replaceAll("&", "&amp;");
      at = end + 3;
    } else if (text.startsWith("<?", lt)) {
      const end = text.indexOf("?>", lt + 2);
      if (end < 0) return truncated("inside a processing instruction");
      at = end + 2;
    } else if (text.startsWith("</", lt)) {
      const name = nameAt(text, lt + 2);
      TAG_END.lastIndex = lt + 2 + (name?.length ?? 0);
      if (name === undefined || TAG_END.exec(text) === null) return brokenTag(text, lt);
      const closed = open.pop();
      if (closed === undefined) return malformed(lt, `</${name}> closes nothing`);
      if (closed.written !== name) return malformed(lt, `</${name}> where </${closed.written}> belongs`);
      at = TAG_END.lastIndex;
      textLength = 0;
    } else {
      const tag = readTag(text, lt);
      if (!tag.ok) return tag;
      const { name: written, attributes: plain, selfClosing, end } = tag.value;
      const canonical = root?.canonical ?? canonicalNames(plain);
      const foreign = inside !== undefined && plain.has("xmlns") && !isFeedNamespace(plain.get("xmlns"));
      const name = foreign ? `x-other:${localName(written)}` : canonical(written);
      elements += 1;
      if (elements > XML_LIMITS.elements) return tooComplex(`more than ${XML_LIMITS.elements} elements`);
      if (open.length >= XML_LIMITS.depth) return tooComplex(`elements nested more than ${XML_LIMITS.depth} deep`);
      at = end;
      textLength = 0;
      const element: XmlElement = { name, attributes: canonicalAttributes(plain, canonical), children: [], text: "" };
      if (inside !== undefined) inside.children.push(element);
      else if (root === undefined) root = { element, canonical };
      else return malformed(lt, `a second document begins with <${written}>`);
      if (selfClosing) continue;
      if (inside !== undefined && BODIES.has(localName(written))) {
        const body = findBodyEnd(text, end, written);
        if (body === undefined) return truncated(`inside <${written}>`);
        element.text = digestWords(text, end, body.textEnd);
        at = body.end;
      } else open.push({ written, element });
    }
  }
  if (root === undefined) return fail({ code: "feed_not_feed", message: "the server sent XML without any element" });
  const unclosed = open.at(-1);
  return unclosed === undefined ? ok(root.element) : truncated(`before </${unclosed.written}>`);
}

function isBlank(text: string, start: number, end: number): boolean {
  NOT_SPACE.lastIndex = start;
  return !NOT_SPACE.test(text) || NOT_SPACE.lastIndex > end;
}

/** Attributes by their canonical names; most elements have none with a prefix. */
function canonicalAttributes(
  plain: ReadonlyMap<string, string>,
  canonical: (name: string) => string,
): ReadonlyMap<string, string> {
  for (const name of plain.keys())
    if (name.includes(":"))
      return new Map(
        [...plain].map(([written, value]) => [written.includes(":") ? canonical(written) : written, value]),
      );
  return plain;
}

/** Offset of the root's `<`: past declaration, comments, processing instructions and a plain DOCTYPE. */
function skipProlog(text: string): Result<number, FeedFailure> {
  let at = 0;
  for (;;) {
    const lt = text.indexOf("<", at);
    if (lt < 0 || text.slice(at, lt).trim() !== "") return malformed(at, "text before the document");
    const [opening, closing] = text.startsWith("<!--", lt) ? ["<!--", "-->"] : ["<?", "?>"];
    if (text.startsWith(opening, lt)) {
      const end = text.indexOf(closing, lt + opening.length);
      if (end < 0) return truncated("before the document begins");
      at = end + closing.length;
    } else if (text.startsWith("<!", lt)) {
      const end = text.indexOf(">", lt);
      if (end < 0) return truncated("inside the DOCTYPE");
      // Entities are declared in the internal subset: this is where bombs and file reads come from.
      if (text.slice(lt, end).includes("["))
        return fail({
          code: "feed_doctype",
          message: "the server sent a DOCTYPE with declarations of its own, which no feed needs",
        });
      at = end + 1;
    } else return ok(lt);
  }
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

type Tag = { name: string; attributes: ReadonlyMap<string, string>; selfClosing: boolean; end: number };

function readTag(text: string, lt: number): Result<Tag, FeedFailure> {
  const name = nameAt(text, lt + 1);
  if (name === undefined) return brokenTag(text, lt);
  let at = lt + 1 + name.length;
  // Most tags end right here.
  if (text[at] === ">" && name.length < XML_LIMITS.tag)
    return ok({ name, attributes: NO_ATTRIBUTES, selfClosing: false, end: at + 1 });
  const attributes = new Map<string, string>();
  for (;;) {
    if (at - lt > XML_LIMITS.tag) return tooComplex(`a tag of more than ${XML_LIMITS.tag / 1024} KiB`);
    ATTRIBUTE.lastIndex = at;
    const attribute = ATTRIBUTE.exec(text);
    if (attribute === null) break;
    if (attributes.size >= XML_LIMITS.attributes) return tooComplex(`more than ${XML_LIMITS.attributes} attributes`);
    if (attribute[1] !== undefined) attributes.set(attribute[1], attribute[2] ?? attribute[3] ?? "");
    at = ATTRIBUTE.lastIndex;
  }
  TAG_END.lastIndex = at;
  const end = TAG_END.exec(text);
  if (end === null) return brokenTag(text, lt);
  if (TAG_END.lastIndex - lt > XML_LIMITS.tag) return tooComplex(`a tag of more than ${XML_LIMITS.tag / 1024} KiB`);
  return ok({ name, attributes, selfClosing: end[1] === "/", end: TAG_END.lastIndex });
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

function brokenTag(text: string, lt: number): Result<never, FeedFailure> {
  return text.indexOf(">", lt) < 0 ? truncated("inside a tag") : malformed(lt, "a broken tag");
}

function truncated(where: string): Result<never, FeedFailure> {
  return fail({ code: "feed_truncated", message: `the server sent a feed that stops ${where}` });
}

function malformed(at: number, what: string): Result<never, FeedFailure> {
  return fail({
    code: "feed_malformed",
    message: `the server sent XML that is not well-formed: ${what} (character ${at})`,
  });
}

function tooComplex(what: string): Result<never, FeedFailure> {
  return fail({ code: "feed_too_complex", message: `the server sent ${what}, which no feed needs` });
}
