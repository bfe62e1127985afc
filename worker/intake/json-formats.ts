/**
 * JSON Feed 1.x (https://www.jsonfeed.org) and kernel.org's `releases.json`.
 *
 * @module
 */
import { z } from "zod";
import { fail, ok, type Result } from "../platform/result.ts";
import type { RawEntry } from "../providers/raw-entry.ts";
import { readAdvisories } from "./advisory-formats.ts";
import { shortDigest } from "./digest.ts";
import { readFeedDate } from "./feed-date.ts";
import { resolveLink } from "./feed-link.ts";
import { type FeedFailure, MAX_FIELD, type ParsedFeed } from "./parsed-feed.ts";
import { readRegistry } from "./registry-formats.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL_OR_SPACE = /[\u0000-\u001f\u007f-\u009f\s]+/g;

/** Text of a field; anything but text and numbers is as good as absent. */
const text = z
  .union([z.string(), z.number().transform(String)])
  .transform((s) => s.replace(CONTROL_OR_SPACE, " ").trim().slice(0, MAX_FIELD).toWellFormed())
  .transform((s) => (s === "" ? undefined : s))
  .optional()
  .catch(undefined);

const JsonFeed = z.object({
  version: z.string().regex(/^https?:\/\/(?:www\.)?jsonfeed\.org\/version\//),
  title: text,
  items: z.array(z.unknown()),
});

const JsonFeedItem = z.object({
  id: text,
  url: text,
  external_url: text,
  title: text,
  date_published: text,
  date_modified: text,
  author: z.object({ name: text }).optional().catch(undefined),
  authors: z
    .array(z.object({ name: text }))
    .optional()
    .catch(undefined),
  content_text: z.string().optional().catch(undefined),
  content_html: z.string().optional().catch(undefined),
});

const KernelReleases = z.object({
  latest_stable: z.object({ version: z.string() }),
  releases: z.array(z.unknown()),
});

const KernelRelease = z.object({
  version: z.string().min(1).max(200),
  moniker: text,
  gitweb: text,
  released: z.object({ isodate: text }).optional().catch(undefined),
});

/** Reads a JSON body; tells what it is when it is no feed. */
export function parseJsonFeed(body: string, url: string | undefined): Result<ParsedFeed, FeedFailure> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return fail({ code: "feed_malformed", message: "the server sent JSON that is broken or cut short" });
  }
  const feed = JsonFeed.safeParse(value);
  if (feed.success) {
    const { entries, warnings } = readEach(feed.data.items, JsonFeedItem, (item) => fromItem(item, url));
    return ok({ format: "json-feed", title: feed.data.title, entries, warnings });
  }
  const kernel = KernelReleases.safeParse(value);
  if (kernel.success) {
    const { entries, warnings } = readEach(kernel.data.releases, KernelRelease, (release) => fromKernel(release, url));
    return ok({ format: "kernel-releases", entries, warnings });
  }
  const registry = readRegistry(value) ?? readAdvisories(value);
  if (registry !== undefined) return ok(registry);
  return fail({
    code: "feed_not_feed",
    message:
      "the server sent JSON that is no JSON Feed, no list of kernel releases, no registry's document and no list of advisories",
  });
}

function readEach<T>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
  read: (item: T) => RawEntry,
): { entries: RawEntry[]; warnings: string[] } {
  const entries: RawEntry[] = [];
  const warnings: string[] = [];
  for (const [i, item] of items.entries()) {
    const parsed = schema.safeParse(item);
    if (parsed.success) entries.push(read(parsed.data));
    else warnings.push(`entry ${i + 1} could not be read: ${parsed.error.issues[0]?.message ?? "unknown shape"}`);
  }
  return { entries, warnings };
}

function fromItem(item: z.infer<typeof JsonFeedItem>, url: string | undefined): RawEntry {
  const body = item.content_text ?? item.content_html;
  return {
    id: item.id,
    link: resolveLink(item.url ?? item.external_url, url),
    title: item.title,
    author: item.authors?.[0]?.name ?? item.author?.name,
    publishedAt: item.date_published === undefined ? undefined : readFeedDate(item.date_published),
    updatedAt: item.date_modified === undefined ? undefined : readFeedDate(item.date_modified),
    bodyDigest: body === undefined ? undefined : shortDigest(body),
  };
}

function fromKernel(release: z.infer<typeof KernelRelease>, url: string | undefined): RawEntry {
  const link = resolveLink(release.gitweb, url);
  // `https://git.kernel.org/stable/h/v5.10.1`: the link names the tag, the version alone does not.
  const tag = /\/h\/([^/]+)$/.exec(link ?? "")?.[1];
  const day = release.released?.isodate;
  return {
    id: release.version,
    link,
    title: release.moniker === undefined ? release.version : `${release.version}: ${release.moniker}`,
    publishedAt: day === undefined ? undefined : readFeedDate(day),
    tag,
  };
}
