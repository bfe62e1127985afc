/**
 * A short digest for telling an edit from no edit. Not for security: a collision hides one edit.
 *
 * @module
 */

/** Two lanes of FNV-1a, 64 bits in all. Synchronous, unlike WebCrypto, so that parsing stays pure. */
export const DIGEST_SEED = [0x811c9dc5 | 0, 0x9dc5811c | 0] as const;

/** The first lane after one more UTF-16 code unit. */
export function firstLane(a: number, code: number): number {
  return Math.imul(a ^ code, 0x01000193);
}

/** The second lane after one more UTF-16 code unit, the `index`-th. */
export function secondLane(b: number, code: number, index: number): number {
  return Math.imul(b ^ (code + index), 0x85ebca6b);
}

/** What the lanes come to, hex. */
export function digestOf(a: number, b: number): string {
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

export function shortDigest(text: string): string {
  let [a, b]: readonly [number, number] = DIGEST_SEED;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = firstLane(a, code);
    b = secondLane(b, code, i);
  }
  return digestOf(a, b);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
