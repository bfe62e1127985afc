/**
 * What a feed would become, by the same steps that a poll takes. Stores nothing.
 *
 * @module
 */
import type { FeedEventKind, FeedSourceConfig } from "../contract/feed-source.ts";
import { FeedSourceConfig as SourceConfig } from "../contract/feed-source.ts";
import type { FeedFormat, Preview, PreviewInput } from "../contract/preview.ts";
import type { Outbound } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { guessProvider, PROVIDERS } from "../providers/index.ts";
import { askFeed } from "./ask-feed.ts";
import type { FollowingStack, IntakePlan } from "./movement.ts";
import { normalizeFeed } from "./normalize-entry.ts";
import { parseFeed } from "./parse-feed.ts";
import type { ParsedFeed } from "./parsed-feed.ts";
import { planIntake } from "./plan-intake.ts";
import { planRefs } from "./plan-refs.ts";
import { fetchRefs } from "./poll-repository.ts";

export type PreviewFailure = { code: string; message: string };

/** Reads the feed as if none of its entries had been seen before. */
export async function previewFeed(
  input: PreviewInput,
  stacks: readonly FollowingStack[],
  outbound: Outbound,
  now: string,
): Promise<Result<Preview, PreviewFailure>> {
  const asked = input.provider ?? guessProvider(input.url);
  if (PROVIDERS[asked].refsOnly === true && input.body === undefined) return previewRefs(input, stacks, outbound, now);
  const read = await readFeed(input, outbound);
  if (!read.ok) return read;
  const { feed, url } = read.value;
  const config = completed(input, url, feed.format);
  const { entries, warnings } = normalizeFeed(
    feed,
    config.provider,
    { event: config.event, url, package: config.package, tag: config.tag },
    now,
  );
  const plan = planIntake({
    sourceId: input.id,
    config,
    primed: true,
    seeded: true,
    known: new Map(),
    standing: [],
    poll: 1,
    entries,
    stacks,
    now,
  });
  return ok({
    format: feed.format,
    ...(feed.title === undefined ? {} : { title: feed.title }),
    entries: entries.map((item) => item.entry),
    ...planned(plan),
    warnings,
  });
}

/** A repository's refs, as if none of them had been there before. */
async function previewRefs(
  input: PreviewInput,
  stacks: readonly FollowingStack[],
  outbound: Outbound,
  now: string,
): Promise<Result<Preview, PreviewFailure>> {
  const config = completed({ ...input, provider: input.provider ?? guessProvider(input.url) }, input.url);
  const answer = await fetchRefs(config, outbound);
  if (!answer.ok) return answer;
  const plan = planRefs({
    sourceId: input.id,
    config,
    stacks,
    now,
    refs: answer.value.refs,
    known: [],
    baseline: false,
    gap: false,
    bareTags: true,
    tagEntryId: (tag) => tag,
  });
  return ok({
    format: "git-refs",
    entries: plan.signals.map(({ entry }) => entry).toReversed(),
    ...planned(plan),
    warnings: [],
  });
}

function planned(plan: IntakePlan): Pick<Preview, "signals" | "events"> {
  const receivers = (eventId: string): string[] =>
    plan.deliveries.filter((delivery) => delivery.eventId === eventId).map((delivery) => delivery.stackId);
  return {
    signals: plan.signals.map(({ sourceId, entry, disposition, decisions }) => ({
      ...entry,
      sourceId,
      disposition: disposition === "event" ? ("event" as const) : ("filtered" as const),
      decisions,
    })),
    events: plan.events.map((event) => ({ ...event, stackIds: receivers(event.id) })),
  };
}

async function readFeed(
  input: PreviewInput,
  outbound: Outbound,
): Promise<Result<{ feed: ParsedFeed; url: string | undefined }, PreviewFailure>> {
  if (input.body !== undefined) {
    const feed = parseFeed({
      bytes: new TextEncoder().encode(input.body),
      contentType: "; charset=utf-8",
      url: input.url,
    });
    return feed.ok ? ok({ feed: feed.value, url: input.url }) : feed;
  }
  const provider = input.provider ?? guessProvider(input.url);
  const source = { provider, url: input.url ?? "", package: input.package };
  const fetched = await askFeed(source, { etag: null, lastModified: null }, outbound);
  if (!fetched.ok) return fetched;
  const { feed, url } = fetched.value;
  return feed === undefined
    ? fail({ code: "http_status", message: "the server answered 304 to a first request" })
    : ok({ feed, url });
}

/** Fills in what the caller left out; what a source would need to be declared may be missing here. */
function completed(input: PreviewInput, url: string | undefined, format?: FeedFormat): FeedSourceConfig {
  const { id: _id, body: _body, stack, ...given } = input;
  return SourceConfig.parse({
    ...given,
    url: input.url ?? "https://preview.invalid/",
    provider: input.provider ?? guessProvider(url ?? input.url),
    event: input.event ?? (isAdvisories(format) ? "advisory" : guessEvent(url ?? input.url)),
    ...(stack === undefined ? {} : { target: { mode: "maintain", stacks: [stack] } }),
  });
}

function isAdvisories(format: FeedFormat | undefined): boolean {
  return format === "osv" || format === "github-advisories";
}

function guessEvent(address: string | undefined): FeedEventKind {
  if (address === undefined || !URL.canParse(address)) return "release";
  const { pathname } = new URL(address);
  if (/\/commits\/|\/(?:rss|atom)\/branch\//.test(pathname)) return "push";
  return /\/tags(?:\.|$)/.test(pathname) ? "tag" : "release";
}
