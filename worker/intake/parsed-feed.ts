/**
 * What a body is that is a feed, and why one is none.
 *
 * @module
 */
import type { FeedFormat } from "../contract/preview.ts";
import type { RawEntry } from "../providers/raw-entry.ts";

export type ParsedFeed = {
  format: FeedFormat;
  title?: string;
  entries: RawEntry[];
  /** Entries that could not be read, and why. */
  warnings: string[];
};

/** Why a body is no feed. The message says what the server sent instead. */
export type FeedFailure = {
  code:
    | "feed_empty"
    | "feed_html"
    | "feed_not_feed"
    | "feed_truncated"
    | "feed_malformed"
    | "feed_doctype"
    | "feed_too_complex"
    | "feed_charset";
  message: string;
};

/** Longest field kept, characters. */
export const MAX_FIELD = 4096;
