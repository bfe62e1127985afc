/**
 * A short digest for telling an edit from no edit. Not for security: a collision hides one edit.
 *
 * @module
 */

/** 64 bits of FNV-1a in two lanes, hex. Synchronous, unlike WebCrypto, so that parsing stays pure. */
export function shortDigest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9dc5811c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x85ebca6b);
  }
  return hex(a ^ (b >>> 15)) + hex(b ^ (a >>> 13));
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
