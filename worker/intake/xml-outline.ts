/**
 * The gate in front of the XML parser: one pass over the text, linear in its length.
 *
 * It proves that there is one document, whole and properly nested and within limits, and rewrites it
 * to what the parser needs: no comments, processing instructions or DOCTYPE, CDATA as escaped text,
 * and bodies (`content`, `description`, …), which are most of a feed's bytes and may hold anything,
 * replaced by the digest of their words. Without it the parser takes truncated text for a whole
 * feed, and can be made to eat all memory.
 *
 * @module
 */
import { fail, ok, type Result } from "../platform/result.ts";
import { bodyDigest } from "./body-digest.ts";
import type { FeedFailure } from "./parsed-feed.ts";
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

export type XmlOutline = {
  /** Name of the root element, canonical. */
  root: string;
  /** The document, rewritten for the parser. */
  text: string;
};

/** How much of a body is looked through for its form, characters. */
const BODY_FORM_FROM = 16 * 1024;

/** What follows a body's digest in the rewritten document: what kind of text it was. */
export const BODY_FORMS = { plain: "~p", markup: "~m", unknown: "" } as const;

/** What a forge makes of a message that knows no markup. */
const PLAIN_ELEMENTS: ReadonlySet<string> = new Set(["p", "br", "a"]);

/** What only somebody who wrote in a markup language has. */
const MARKUP_ELEMENTS = /^(?:h[1-6]|[ou]l|li|strong|em|del|code|blockquote|table|hr|img|details)$/;

/** Attributes that a reader of feeds looks at; no other reaches the parser. */
const KEPT_ATTRIBUTES: ReadonlySet<string> = new Set([
  "href",
  "rel",
  "type",
  "mode",
  "xml:base",
  "isPermaLink",
  "rdf:about",
]);

/** Elements whose inside is not parsed, by local name. */
const BODIES: ReadonlySet<string> = new Set(["content", "encoded", "summary", "description", "subtitle", "tagline"]);

const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

/** Reads only as far as the root element's name; undefined when there is none. */
export function rootElement(text: string): string | undefined {
  const start = skipProlog(text);
  return start.ok ? nameAt(text, start.value + 1) : undefined;
}

export function outlineXml(text: string): Result<XmlOutline, FeedFailure> {
  const prolog = skipProlog(text);
  if (!prolog.ok) return prolog;
  const out: string[] = [];
  const open: { written: string; name: string }[] = [];
  let root: { name: string; canonical: (name: string) => string } | undefined;
  let elements = 0;
  /** Characters of text since the last tag. */
  let textLength = 0;
  let at = prolog.value;
  for (;;) {
    const lt = text.indexOf("<", at);
    const run = text.slice(at, lt < 0 ? text.length : lt);
    textLength += run.length;
    if (textLength > XML_LIMITS.text) return tooComplex(`a run of text of more than ${XML_LIMITS.text / 1024} KiB`);
    // White space between tags is most of all runs, and nothing to the parser.
    if (run !== "" && /\S/.test(run)) {
      if (open.length === 0) return malformed(at, "text outside the document");
      out.push(run.includes(">") ? run.replaceAll(">", "&gt;") : run);
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
      if (open.length === 0) return malformed(lt, "text outside the document");
      out.push(escapeText(text.slice(lt + 9, end)));
      at = end + 3;
    } else if (text.startsWith("<?", lt)) {
      const end = text.indexOf("?>", lt + 2);
      if (end < 0) return truncated("inside a processing instruction");
      at = end + 2;
    } else if (text.startsWith("</", lt)) {
      const name = nameAt(text, lt + 2);
      TAG_END.lastIndex = lt + 2 + (name?.length ?? 0);
      if (name === undefined || TAG_END.exec(text) === null) return brokenTag(text, lt);
      const element = open.pop();
      if (element === undefined) return malformed(lt, `</${name}> closes nothing`);
      if (element.written !== name) return malformed(lt, `</${name}> where </${element.written}> belongs`);
      out.push(`</${element.name}>`);
      at = TAG_END.lastIndex;
      textLength = 0;
    } else {
      const tag = readTag(text, lt);
      if (!tag.ok) return tag;
      const { name: written, attributes, selfClosing, end } = tag.value;
      const isRoot = open.length === 0;
      if (isRoot) {
        if (root !== undefined) return malformed(lt, `a second document begins with <${written}>`);
        const canonical = canonicalNames(attributes);
        root = { name: canonical(written), canonical };
      }
      if (root === undefined) return malformed(lt, "an element outside the document");
      const foreign = !isRoot && attributes.has("xmlns") && !isFeedNamespace(attributes.get("xmlns"));
      const name = foreign ? `x-other:${localName(written)}` : root.canonical(written);
      elements += 1;
      if (elements > XML_LIMITS.elements) return tooComplex(`more than ${XML_LIMITS.elements} elements`);
      if (open.length >= XML_LIMITS.depth) return tooComplex(`elements nested more than ${XML_LIMITS.depth} deep`);
      at = end;
      textLength = 0;
      // Empty elements of other vocabularies (pictures, mostly) say nothing to us.
      if (selfClosing && name.startsWith("x-")) continue;
      out.push(openingTag(name, attributes, selfClosing, root.canonical));
      if (selfClosing) continue;
      if (!isRoot && BODIES.has(localName(written))) {
        const body = readBody(text, end, written);
        if (body === undefined) return truncated(`inside <${written}>`);
        out.push(`${bodyDigest(body.text)}${BODY_FORMS[formOf(body.text)]}</${name}>`);
        at = body.end;
      } else open.push({ written, name });
    }
  }
  if (root === undefined) return fail({ code: "feed_not_feed", message: "the server sent XML without any element" });
  const unclosed = open.at(-1);
  if (unclosed !== undefined) return truncated(`before </${unclosed.written}>`);
  return ok({ root: root.name, text: out.join("") });
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

type Tag = { name: string; attributes: Map<string, string>; selfClosing: boolean; end: number };

function readTag(text: string, lt: number): Result<Tag, FeedFailure> {
  const name = nameAt(text, lt + 1);
  if (name === undefined) return brokenTag(text, lt);
  const attributes = new Map<string, string>();
  let at = lt + 1 + name.length;
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

/** Text of a body up to its own closing tag; elements of the same name nest, CDATA and comments hide tags. */
function readBody(text: string, start: number, name: string): { text: string; end: number } | undefined {
  const pattern = new RegExp(`<!\\[CDATA\\[|<!--|<(/?)${name.replaceAll(".", "\\.")}(?=[\\s/>])`, "g");
  pattern.lastIndex = start;
  let depth = 1;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    if (match[1] === undefined) {
      const closing = match[0] === "<!--" ? "-->" : "]]>";
      const end = text.indexOf(closing, pattern.lastIndex);
      if (end < 0) return undefined;
      pattern.lastIndex = end + closing.length;
      continue;
    }
    const end = text.indexOf(">", pattern.lastIndex);
    if (end < 0) return undefined;
    if (match[1] === "/") depth -= 1;
    else if (text[end - 1] !== "/") depth += 1;
    if (depth === 0) return { text: text.slice(start, match.index), end: end + 1 };
    pattern.lastIndex = end + 1;
  }
}

/** Whether it is paragraphs only, or was written with markup. */
function formOf(body: string): keyof typeof BODY_FORMS {
  const names = [...body.slice(0, BODY_FORM_FROM).matchAll(/(?:<|&lt;)([A-Za-z][A-Za-z0-9]{0,10})/g)].map(([, name]) =>
    (name ?? "").toLowerCase(),
  );
  if (names.some((name) => MARKUP_ELEMENTS.test(name))) return "markup";
  return names.includes("p") && names.every((name) => PLAIN_ELEMENTS.has(name)) ? "plain" : "unknown";
}

function openingTag(
  name: string,
  attributes: ReadonlyMap<string, string>,
  selfClosing: boolean,
  canonical: (name: string) => string,
): string {
  let tag = `<${name}`;
  for (const [written, value] of attributes) {
    const key = written.includes(":") ? canonical(written) : written;
    if (KEPT_ATTRIBUTES.has(key))
      tag += ` ${key}="${value.replaceAll('"', "&quot;").replaceAll(">", "&gt;").replaceAll("'", "&apos;")}"`;
  }
  return `${tag}${selfClosing ? "/" : ""}>`;
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
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
