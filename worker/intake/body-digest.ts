/**
 * The digest of what a reader of a body reads: forges sign image addresses anew on every request, so
 * markup does not count, nor does how its words are spaced. One pass, since bodies are most of a feed.
 *
 * @module
 */
import { DIGEST_SEEDS, digestHex, PRIMES } from "./digest.ts";

/** How much of a body its digest is made from, characters: an edit further down goes unseen. */
const BODY_DIGESTED = 256 * 1024;

const CDATA = "<![CDATA[";
const CDATA_END = "]]>";

/** `shortDigest` of the body's words with one space between them, whether its markup is escaped or not. */
export function bodyDigest(body: string): string {
  const end = Math.min(body.length, BODY_DIGESTED);
  let [a, b]: [number, number] = [...DIGEST_SEEDS];
  let length = 0;
  let space = false;
  for (let i = 0; i < end; i++) {
    const code = body.charCodeAt(i);
    if (code === LESS || code === AMPERSAND) {
      if (code === LESS && body.startsWith(CDATA, i)) {
        i += CDATA.length - 1;
        continue;
      }
      const after = code === LESS ? i + 1 : body.startsWith("lt;", i + 1) ? i + 4 : 0;
      const close = after === 0 ? 0 : tagEnd(body, after, end);
      if (close > 0) {
        space = true;
        i = close - 1;
        continue;
      }
    } else if (code === BRACKET && body.startsWith(CDATA_END, i)) {
      i += CDATA_END.length - 1;
      continue;
    } else if (isSpace(code)) {
      space = true;
      continue;
    }
    if (space && length > 0) {
      a = Math.imul(a ^ 32, PRIMES[0]);
      b = Math.imul(b ^ (32 + length), PRIMES[1]);
      length += 1;
    }
    space = false;
    a = Math.imul(a ^ code, PRIMES[0]);
    b = Math.imul(b ^ (code + length), PRIMES[1]);
    length += 1;
  }
  return digestHex(a, b);
}

const LESS = 60;
const GREATER = 62;
const AMPERSAND = 38;
const BRACKET = 93;

/** Offset behind the end of a tag whose inside begins at `from`; 0 where another begins before, or none ends. */
function tagEnd(body: string, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    const code = body.charCodeAt(i);
    if (code === GREATER) return i + 1;
    if (code === LESS) return 0;
    if (code === BRACKET && body.startsWith(CDATA_END, i)) i += CDATA_END.length - 1;
    if (code === AMPERSAND) {
      if (body.startsWith("gt;", i + 1)) return i + 4;
      if (body.startsWith("lt;", i + 1)) return 0;
    }
  }
  return 0;
}

/** What `\s` takes. */
function isSpace(code: number): boolean {
  if (code <= 32) return code === 32 || (code >= 9 && code <= 13);
  return code >= 160 && /\s/.test(String.fromCharCode(code));
}
