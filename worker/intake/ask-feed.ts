/**
 * Asks for a source's feed in the way of its provider.
 *
 * @module
 */
import type { FeedSourceConfig } from "../contract/feed-source.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { fail, type Result } from "../platform/result.ts";
import { PROVIDERS } from "../providers/index.ts";
import { askPages } from "./ask-pages.ts";
import { type FeedFetchFailure, type FetchedFeed, fetchFeed, type Validators } from "./fetch-feed.ts";

export async function askFeed(
  source: Pick<FeedSourceConfig, "provider" | "url" | "package">,
  validators: Validators,
  outbound: Outbound,
): Promise<Result<FetchedFeed, FeedFetchFailure>> {
  const provider = PROVIDERS[source.provider];
  const missing = provider.missing?.(source);
  if (missing !== undefined) return fail({ code: "incomplete_source", message: missing });
  return provider.pages === undefined
    ? fetchFeed(source.url, validators, outbound)
    : askPages(source, provider.pages, outbound);
}
