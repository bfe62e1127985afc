/**
 * What is remembered of an entry.
 *
 * @module
 */
import type { EntryKey } from "../store/feed-entries.ts";

/** Fingerprint of an entry that the remote's refs told of and no feed did so far. */
export const REFS_ONLY = "";

/**
 * Fingerprint of an entry that a webhook told and no feed did so far, or whose row was evicted: known and
 * dealt with, but not read.
 */
export const WEBHOOK_ONLY = "webhook";

/** Before the digest of an entry that the feed told as a tag without a release. */
export const BARE = "bare-";

/** `fingerprint` is {@link REFS_ONLY}, {@link WEBHOOK_ONLY}, or a digest of what the feed said, marked where that was a bare tag. */
export type KnownEntry = EntryKey;

export function isTold(known: KnownEntry | undefined): boolean {
  return known !== undefined && known.fingerprint !== REFS_ONLY && known.fingerprint !== WEBHOOK_ONLY;
}

export function isBare(known: Pick<KnownEntry, "fingerprint">): boolean {
  return known.fingerprint.startsWith(BARE);
}
