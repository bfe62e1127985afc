/**
 * Links of entries, made absolute.
 *
 * @module
 */
import { MAX_FIELD } from "./parsed-feed.ts";

/** Resolves a link against its bases, innermost first; undefined unless the outcome is http(s). */
export function resolveLink(href: string | undefined, ...bases: readonly (string | undefined)[]): string | undefined {
  const text = href?.trim();
  if (text === undefined || text === "") return undefined;
  let base: string | undefined;
  for (const next of bases.toReversed()) {
    if (next !== undefined && URL.canParse(next, base)) base = new URL(next, base).href;
  }
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if ((url.protocol !== "https:" && url.protocol !== "http:") || url.href.length > MAX_FIELD) return undefined;
  return url.href;
}
