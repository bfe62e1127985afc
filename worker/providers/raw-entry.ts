/**
 * An entry as a feed's format tells it, before the provider says what it means.
 *
 * @module
 */
import type { Advisory } from "../contract/advisory.ts";

export type RawEntry = {
  /** The format's own id: `atom:id`, `guid`, `rdf:about`. */
  id?: string;
  /** Absolute. */
  link?: string;
  title?: string;
  author?: string;
  publishedAt?: string;
  updatedAt?: string;
  /** Git tag, only where the format has a field that names one. */
  tag?: string;
  /** Commit, only where the format has a field that names one. */
  commit?: string;
  prerelease?: boolean;
  /** Digest of the body's words. The body itself is never kept. */
  bodyDigest?: string;
  /** Paragraphs only, as of a tag's message, or written with markup; absent where neither is certain. */
  bodyForm?: "plain" | "markup";
  advisory?: Advisory;
};
