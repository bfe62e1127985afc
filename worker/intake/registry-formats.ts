/**
 * Version documents of package registries: npm, PyPI and crates.io.
 *
 * A registry knows versions, not Git tags, so none is given; npm may know the commit.
 *
 * @module
 */
import { z } from "zod";
import type { FeedFormat } from "../contract/preview.ts";
import type { RawEntry } from "../providers/raw-entry.ts";
import { readFeedDate } from "./feed-date.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

const Text = z.string().min(1).max(500);

const NpmDocument = z.object({
  name: Text,
  "dist-tags": z.unknown(),
  versions: z.record(z.string(), z.unknown()),
  time: z.record(z.string(), z.unknown()).optional(),
});

const NpmVersion = z.object({ gitHead: z.string().optional().catch(undefined) });

const PypiDocument = z.object({
  info: z.object({ name: Text, project_url: z.url().optional().catch(undefined) }),
  releases: z.record(z.string(), z.array(z.unknown())),
});

const PypiFile = z.object({ upload_time_iso_8601: z.string() });

const CratesDocument = z.object({
  crate: z.object({ id: Text }),
  versions: z.array(z.unknown()),
});

const CratesVersion = z.object({ num: Text, created_at: z.string().optional().catch(undefined) });

/** Reads a registry's document; undefined when it is none. */
export function readRegistry(value: unknown): ParsedFeed | undefined {
  const npm = NpmDocument.safeParse(value);
  if (npm.success) return feed("npm", npm.data.name, npmEntries(npm.data));
  const pypi = PypiDocument.safeParse(value);
  if (pypi.success) return feed("pypi-json", pypi.data.info.name, pypiEntries(pypi.data));
  const crates = CratesDocument.safeParse(value);
  if (crates.success) return feed("crates", crates.data.crate.id, cratesEntries(crates.data));
  return undefined;
}

function npmEntries({ name, versions, time }: z.infer<typeof NpmDocument>): RawEntry[] {
  return Object.entries(versions).map(([version, details]) => ({
    id: `${name}@${version}`,
    title: version,
    publishedAt: date(time?.[version]),
    commit: NpmVersion.safeParse(details).data?.gitHead,
  }));
}

/** The same links as in PyPI's RSS, which has no other key: both are one key space, on whichever host. */
function pypiEntries({ info, releases }: z.infer<typeof PypiDocument>): RawEntry[] {
  return Object.entries(releases)
    .filter(([, files]) => files.length > 0)
    .map(([version, files]) => ({
      ...(info.project_url === undefined
        ? { id: `${info.name.toLowerCase()}@${version}` }
        : { link: new URL(`${encodeURIComponent(version)}/`, info.project_url).href }),
      title: version,
      publishedAt: date(PypiFile.safeParse(files[0]).data?.upload_time_iso_8601),
    }));
}

function cratesEntries({ crate, versions }: z.infer<typeof CratesDocument>): RawEntry[] {
  return versions.flatMap((item) => {
    const version = CratesVersion.safeParse(item).data;
    if (version === undefined) return [];
    return [{ id: `${crate.id}@${version.num}`, title: version.num, publishedAt: date(version.created_at) }];
  });
}

function feed(format: FeedFormat, title: string, entries: RawEntry[]): ParsedFeed {
  // Newest first, as feeds are; documents are in whatever order their registry likes.
  const sorted = entries.toSorted((a, b) => ((a.publishedAt ?? "") < (b.publishedAt ?? "") ? 1 : -1));
  return { format, title, entries: sorted, warnings: [] };
}

function date(text: unknown): string | undefined {
  return typeof text === "string" ? readFeedDate(text) : undefined;
}
