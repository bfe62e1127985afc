/**
 * Feeds as forges and registries really sent them, from a folder beside the repository. They are not
 * ours to publish: where the folder is absent, this says so and skips.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { FeedEventKind, Provider } from "../../worker/contract/feed-source.ts";
import { normalizeFeed } from "../../worker/intake/normalize-entry.ts";
import { parseFeed } from "../../worker/intake/parse-feed.ts";

const FOLDER = fileURLToPath(new URL("../../../shared/feeds/real/", import.meta.url));
const present = existsSync(FOLDER);

type Expectation = {
  file: string;
  format: string;
  entries: number;
  provider: Provider;
  event: FeedEventKind;
  url: string;
  /** Tags or commits of the first and the last entry; undefined where the feed names none. */
  first?: string;
  last?: string;
};

const github = (repo: string, file = "releases"): string => `https://github.com/${repo}/${file}.atom`;
const releases = { format: "atom", provider: "github", event: "release" } as const;
const commits = { format: "atom", provider: "github", event: "push", entries: 20 } as const;
const plain = { format: "rss", provider: "feed", event: "release" } as const;

/** Counts and names read off the files by eye. */
const EXPECTED: readonly Expectation[] = [
  { ...releases, file: "github-releases-1.xml", entries: 10, url: github("python/cpython"), first: "v3.12.14" },
  { ...releases, file: "github-releases-2.xml", entries: 10, url: github("brave/brave-browser"), first: "v1.95.79" },
  { ...releases, file: "github-releases-3.xml", entries: 10, url: github("bilalcaliskan/s3-manager"), first: "v2.1.1" },
  // Seven of its ten entries are commented out.
  {
    ...releases,
    file: "github-releases-4-edited.xml",
    entries: 3,
    url: github("bilalcaliskan/s3-manager"),
    first: "v2.1.1",
  },
  { ...releases, file: "github-releases-5.xml", entries: 6, url: github("skyzyx/signer"), first: "1.1.0" },
  { ...releases, file: "github-releases-6.xml", entries: 10, url: github("gulpjs/gulp"), first: "v3.9.0" },
  { ...releases, file: "github-releases-7.xml", entries: 4, url: github("feed-rs/feed-rs"), first: "v0.2.0" },
  { ...releases, file: "github-releases-8-trimmed.xml", entries: 3, url: github("vim/vim"), first: "v8.0.0983" },
  {
    ...releases,
    file: "github-tags-1-trimmed.xml",
    entries: 10,
    event: "tag",
    url: github("boostorg/decimal", "tags"),
    first: "v6.0.1",
  },
  {
    ...commits,
    file: "github-commits-1.xml",
    url: github("astral-sh/uv", "commits/main"),
    first: "5cc226096ea4424d021be17259bae51d761a827b",
  },
  {
    ...commits,
    file: "github-commits-2.xml",
    url: github("miniflux/v2", "commits/main"),
    first: "6d97f8b4582414b6ce69467656824690057d4793",
  },
  {
    ...commits,
    file: "github-commits-3-trimmed.xml",
    entries: 16,
    url: github("cantino/huginn", "commits/master"),
    first: "d0a844662846cf3c83b94c637c1803f03db5a5b0",
  },
  // Its object ids were replaced by `69` and `666`, which name no commit.
  {
    ...commits,
    file: "gitlab-commits-1-anonymised.xml",
    entries: 2,
    provider: "gitlab",
    url: "https://gitlab.com/bkil/humor/-/commits/master?format=atom",
  },
  {
    ...plain,
    file: "gitea-releases-1-shape.xml",
    entries: 1,
    provider: "gitea",
    url: "http://localhost:3000/testuser/testrepo/releases.rss",
    first: "v1.0",
  },
  {
    ...plain,
    file: "pypi-project-1.xml",
    entries: 5,
    url: "https://packages.example.org/rss/project/pip/releases.xml",
  },
  { ...plain, file: "kernelorg-kdist-1.xml", entries: 1, url: "https://www.kernel.org/feeds/kdist.xml" },
  {
    ...plain,
    file: "kernelorg-releases-1.json",
    format: "kernel-releases",
    entries: 2,
    url: "https://www.kernel.org/releases.json",
    first: "v5.10",
    last: "v5.10.1",
  },
  { ...plain, file: "debian-news-rdf-1.xml", format: "rdf", entries: 1, url: "https://www.debian.org/News/news.rdf" },
  { ...plain, file: "other-steam-news-1.xml", entries: 10, url: "https://store.steampowered.com/feeds/news/app/440" },
  { ...plain, file: "other-itch-devlog-1.xml", entries: 4, url: "https://aak581.itch.io/x/devlog.rss" },
];

describe.skipIf(!present)(`real feeds${present ? "" : ` (skipped: there is no ${FOLDER})`}`, () => {
  it.each(EXPECTED)("$file: $entries entries", (expected) => {
    const bytes = readFileSync(FOLDER + expected.file);
    const feed = parseFeed({ bytes, url: expected.url });
    if (!feed.ok) throw new Error(feed.failure.message);
    expect(feed.value.format).toBe(expected.format);
    const { provider, event, url } = expected;
    const read = normalizeFeed(feed.value, provider, { event, url }, "2026-12-01T00:00:00.000Z");
    expect(read.warnings).toEqual([]);
    expect(read.entries).toHaveLength(expected.entries);
    const names = read.entries.map(({ entry }) => (event === "push" ? entry.sha : entry.tag));
    expect(names[0]).toBe(expected.first);
    if (expected.last !== undefined) expect(names.at(-1)).toBe(expected.last);
    for (const { entry } of read.entries) {
      expect(entry.title).toBe(entry.title?.trim());
      expect(entry.url).toMatch(/^https?:\/\//);
      if (provider === "github" && event !== "push")
        expect(decodeURIComponent(entry.url ?? "")).toContain(`/releases/tag/${entry.tag}`);
    }
  });

  it("knows every feed in the folder", () => {
    const files = readdirSync(FOLDER).filter((file) => !file.endsWith(".md"));
    expect(files.toSorted()).toEqual(EXPECTED.map((expected) => expected.file).toSorted());
  });
});
