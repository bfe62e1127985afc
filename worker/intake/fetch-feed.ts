/**
 * Asks for a feed, with the validators of the last good answer.
 *
 * @module
 */
import { type Outbound, outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { parseFeed } from "./parse-feed.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

const ACCEPT =
  "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, application/json;q=0.9, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1";

export type Validators = { etag: string | null; lastModified: string | null };

export type FetchedFeed = {
  /** Absent when the server says that nothing changed. */
  feed?: ParsedFeed;
  /** Address of the last hop. */
  url: string;
  validators: Validators;
  movedTo: string | undefined;
};

export type FeedFetchFailure = {
  code: string;
  message: string;
  status?: number | undefined;
  retryAfterSeconds?: number | undefined;
};

export async function fetchFeed(
  address: string,
  validators: Validators,
  outbound: Outbound,
): Promise<Result<FetchedFeed, FeedFetchFailure>> {
  const answer = await outboundFetch(
    address,
    {
      headers: {
        accept: ACCEPT,
        ...(validators.etag === null ? {} : { "if-none-match": validators.etag }),
        ...(validators.lastModified === null ? {} : { "if-modified-since": validators.lastModified }),
      },
    },
    outbound,
  );
  if (!answer.ok) return answer;
  const { status, url, headers, body, movedTo } = answer.value;
  if (status === 304) return ok({ url, validators, movedTo });
  const feed = parseFeed({ bytes: body, contentType: headers.get("content-type") ?? undefined, url });
  if (!feed.ok) return fail(feed.failure);
  return ok({
    feed: feed.value,
    url,
    validators: { etag: headers.get("etag"), lastModified: headers.get("last-modified") },
    movedTo,
  });
}
