/**
 * Bodies (`content`, `description`, …): most of a feed's bytes, and nothing that is kept. Where one
 * ends, and a digest of its words, in one look at each character and without a copy of any.
 *
 * @module
 */
import { digestBytes } from "./digest.ts";

/** How much of a body its digest is made from, characters: an edit further down goes unseen. */
const BODY_DIGESTED = 16 * 1024;

const SPACE = 0x20;
const AMPERSAND = 0x26;
const LESS = 0x3c;
const GREATER = 0x3e;
const OPEN_BRACKET = 0x5b;
const BRACKET = 0x5d;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const CDATA = ascii("<![CDATA[");
const CDATA_END = ascii("]]>");
const ESCAPED_LESS = ascii("&lt;");
const ESCAPED_GREATER = ascii("&gt;");

/**
 * End of a body's text and of its closing tag; undefined when there is none. Elements of the same name
 * nest, and CDATA and comments hide tags.
 */
export function findBodyEnd(text: string, start: number, name: string): { textEnd: number; end: number } | undefined {
  let depth = 1;
  let at = start;
  for (;;) {
    const lt = text.indexOf("<", at);
    if (lt < 0) return undefined;
    const hidden = text.startsWith("<![CDATA[", lt) ? "]]>" : text.startsWith("<!--", lt) ? "-->" : undefined;
    if (hidden !== undefined) {
      const end = text.indexOf(hidden, lt + (hidden === "-->" ? 4 : 9));
      if (end < 0) return undefined;
      at = end + hidden.length;
      continue;
    }
    const closes = text.startsWith("/", lt + 1);
    const nameEnd = lt + (closes ? 2 : 1) + name.length;
    at = lt + 1;
    if (!text.startsWith(name, nameEnd - name.length) || !/[\s/>]/.test(text.charAt(nameEnd))) continue;
    const end = text.indexOf(">", nameEnd);
    if (end < 0) return undefined;
    if (closes) depth -= 1;
    else if (text[end - 1] !== "/") depth += 1;
    at = end + 1;
    if (depth === 0) return { textEnd: lt, end: at };
  }
}

/**
 * Digest of what a reader reads: forges sign image addresses anew on every request, so tags count as
 * white space, written as they are or escaped, and any white space counts as one space.
 */
export function digestWords(text: string, start: number, textEnd: number): string {
  // Bytes, since whole megabytes go through this loop and a string is slow to read by the character.
  const bytes = new TextEncoder().encode(text.slice(start, Math.min(textEnd, start + BODY_DIGESTED)));
  /** The words are written over the body as they are found: they are never longer. */
  let length = 0;
  /** 1 after white space, and at the beginning. */
  let spaced = 1;
  /** Up to here no tag begins: what looked like one has no end. */
  let plainUntil = 0;
  let at = 0;
  while (at < bytes.length) {
    const code = bytes[at] ?? 0;
    if (code === LESS || code === AMPERSAND || code === BRACKET) {
      const next = skipMarkup(bytes, at, plainUntil);
      if (next > at) {
        // A mark of CDATA is nothing at all, a tag is white space.
        if (code !== BRACKET && bytes[next - 1] !== OPEN_BRACKET) {
          bytes[length] = SPACE;
          length += 1 - spaced;
          spaced = 1;
        }
        at = next;
        continue;
      }
      plainUntil = -next;
    }
    // No branch here: nothing foretells where a word ends, and a wrong guess costs more than the rest.
    const space = (code - SPACE - 1) >>> 31;
    bytes[length] = space * SPACE + (1 - space) * code;
    length += 1 - (space & spaced);
    spaced = space;
    at += 1;
  }
  return digestBytes(bytes.subarray(0, length - (length > 0 ? spaced : 0)));
}

/**
 * Past a tag or a mark of CDATA that begins here. Where none does: where to look for the next one,
 * negative.
 */
function skipMarkup(bytes: Uint8Array, at: number, plainUntil: number): number {
  const code = bytes[at];
  if (code === BRACKET) return starts(bytes, at, CDATA_END) ? at + CDATA_END.length : -plainUntil;
  if (code === LESS && starts(bytes, at, CDATA)) return at + CDATA.length;
  if (at < plainUntil || (code === AMPERSAND && !starts(bytes, at, ESCAPED_LESS))) return -plainUntil;
  return tagEnd(bytes, at + 1);
}

/** Where a tag ends; negative, where another begins or the text ends before it does. */
function tagEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === GREATER) return at + 1;
    if (code === LESS) return -at;
    if (code !== AMPERSAND) continue;
    if (starts(bytes, at, ESCAPED_GREATER)) return at + ESCAPED_GREATER.length;
    if (starts(bytes, at, ESCAPED_LESS)) return -at;
  }
  return -bytes.length;
}

function starts(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let i = 0; i < mark.length; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}
