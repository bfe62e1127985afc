/**
 * Bodies (`content`, `description`, …): most of a feed's bytes, and nothing that is kept. Where one
 * ends, and a digest of its words, in one look at each character and without a copy of any.
 *
 * @module
 */
import { DIGEST_SEED, digestOf, firstLane, secondLane } from "./digest.ts";

/** How much of a body its digest is made from, characters: an edit further down goes unseen. */
const BODY_DIGESTED = 256 * 1024;

const SPACE = 0x20;
const AMPERSAND = 0x26;
const LESS = 0x3c;
const GREATER = 0x3e;
const BRACKET = 0x5d;

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
  const end = Math.min(textEnd, start + BODY_DIGESTED);
  // The lanes are worked here and not behind a call: whole megabytes go through this loop.
  let [a, b]: readonly [number, number] = DIGEST_SEED;
  let length = 0;
  let spaced = false;
  /** Up to here no tag begins: what looked like one has no end. */
  let plainUntil = start;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code >= 0xa0) {
      if (isSpace(code)) {
        spaced = true;
        continue;
      }
    } else if (code === LESS || code === AMPERSAND) {
      if (code === LESS && text.startsWith("<![CDATA[", at)) {
        at += 8;
        continue;
      }
      if (at >= plainUntil && (code === LESS || text.startsWith("&lt;", at))) {
        const tag = tagEnd(text, code === LESS ? at + 1 : at + 4, end);
        if (tag.closed) {
          spaced = true;
          at = tag.at - 1;
          continue;
        }
        plainUntil = tag.at;
      }
    } else if (code === BRACKET && text.startsWith("]]>", at)) {
      at += 2;
      continue;
    }
    if (spaced && length > 0) {
      a = firstLane(a, SPACE);
      b = secondLane(b, SPACE, length);
      length += 1;
    }
    spaced = false;
    a = firstLane(a, code);
    b = secondLane(b, code, length);
    length += 1;
  }
  return digestOf(a, b);
}

/** Where a tag ends, or where another begins before it does. */
function tagEnd(text: string, start: number, end: number): { at: number; closed: boolean } {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === GREATER) return { at: at + 1, closed: true };
    if (code === LESS) return { at, closed: false };
    if (code !== AMPERSAND) continue;
    if (text.startsWith("&gt;", at)) return { at: at + 4, closed: true };
    if (text.startsWith("&lt;", at)) return { at, closed: false };
  }
  return { at: end, closed: false };
}

/** What `\s` matches. */
function isSpace(code: number): boolean {
  if (code <= SPACE) return code === SPACE || (code >= 0x09 && code <= 0x0d);
  if (code < 0xa0) return false;
  return code === 0xa0 || (code >= 0x1680 && /\s/.test(String.fromCharCode(code)));
}
