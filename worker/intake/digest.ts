/**
 * A short digest for telling an edit from no edit. Not for security: a collision hides one edit.
 *
 * @module
 */

/** Where the lanes begin, and what each of them is multiplied by for a character. */
export const DIGEST_SEEDS = [0x811c9dc5, 0x9dc5811c] as const;
export const PRIMES = [0x01000193, 0x85ebca6b] as const;

/** 64 bits of FNV-1a in two lanes, hex. Synchronous, unlike WebCrypto, so that parsing stays pure. */
export function shortDigest(text: string): string {
  let [a, b]: [number, number] = [...DIGEST_SEEDS];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, PRIMES[0]);
    b = Math.imul(b ^ (code + i), PRIMES[1]);
  }
  return digestHex(a, b);
}

/** Both lanes mixed, hex. */
export function digestHex(a: number, b: number): string {
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
