/**
 * Asks for advisories where a plain GET does not: page after page, each with a query of its own.
 *
 * @module
 */
import type { FeedSourceConfig } from "../contract/feed-source.ts";
import { type Outbound, outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import type { ProviderReader } from "../providers/provider.ts";
import { readAdvisories } from "./advisory-formats.ts";
import type { FeedFetchFailure, FetchedFeed } from "./fetch-feed.ts";
import { parseFeed } from "./parse-feed.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

/** What has more is asked for no further; it says so. */
const MAX_PAGES = 20;

export async function askPages(
  source: Pick<FeedSourceConfig, "url" | "package">,
  pages: NonNullable<ProviderReader["pages"]>,
  outbound: Outbound,
): Promise<Result<FetchedFeed, FeedFetchFailure>> {
  const advisories: unknown[] = [];
  const warnings: string[] = [];
  let token: string | undefined;
  let last = source.url;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await outboundFetch(
      source.url,
      {
        method: "POST",
        headers: { accept: "application/json", "content-type": "application/json" },
        body: new Uint8Array(new TextEncoder().encode(JSON.stringify(pages.query(source, token)))),
      },
      outbound,
    );
    if (!answer.ok) return answer;
    last = answer.value.url;
    const read = pages.read(readJson(answer.value.body));
    if (read === undefined) return notAPage(answer.value.body, answer.value.headers.get("content-type") ?? undefined);
    advisories.push(...read.advisories);
    token = read.next;
    if (token === undefined) break;
  }
  if (token !== undefined) warnings.push(`there are more than ${MAX_PAGES} pages; the rest is left`);
  // Nothing known is an answer too: `{}`.
  const feed: ParsedFeed = readAdvisories({ vulns: advisories }) ?? { format: "osv", entries: [], warnings: [] };
  const title = source.package === undefined ? {} : { title: `${source.package.ecosystem} ${source.package.name}` };
  return ok({
    feed: { ...feed, ...title, warnings: [...feed.warnings, ...warnings] },
    url: last,
    validators: { etag: null, lastModified: null },
    movedTo: undefined,
  });
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

/** The parser of feeds knows best what a body is that should be something else. */
function notAPage(bytes: Uint8Array<ArrayBuffer>, contentType: string | undefined) {
  const read = parseFeed({ bytes, ...(contentType === undefined ? {} : { contentType }) });
  if (!read.ok) return read;
  return fail({ code: "feed_not_feed", message: `the server sent ${read.value.format} instead of an answer` });
}
