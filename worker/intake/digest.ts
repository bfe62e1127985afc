/**
 * A short digest for telling an edit from no edit. Not for security: a collision hides one edit.
 *
 * @module
 */

/** Two lanes of FNV-1a, 64 bits in all. Synchronous, unlike WebCrypto, so that parsing stays pure. */
const FIRST_SEED = 0x811c9dc5 | 0;
const SECOND_SEED = 0x9dc5811c | 0;
const FIRST_PRIME = 0x01000193;
const SECOND_PRIME = 0x85ebca6b;

export function shortDigest(text: string): string {
  let a = FIRST_SEED;
  let b = SECOND_SEED;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, FIRST_PRIME);
    b = Math.imul(b ^ (code + i), SECOND_PRIME);
  }
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

export function digestBytes(bytes: Uint8Array): string {
  let a = FIRST_SEED;
  let b = SECOND_SEED;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    a = Math.imul(a ^ byte, FIRST_PRIME);
    b = Math.imul(b ^ (byte + i), SECOND_PRIME);
  }
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
