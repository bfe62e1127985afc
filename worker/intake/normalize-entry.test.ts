import { describe, expect, it } from "vitest";
import type { FeedEventKind, Provider } from "../contract/feed-source.ts";
import { guessProvider } from "../providers/index.ts";
import cgit from "./fixtures/cgit.atom?raw";
import forgejo from "./fixtures/forgejo-releases.rss?raw";
import githubCommits from "./fixtures/github-commits.atom?raw";
import githubReleases from "./fixtures/github-releases.atom?raw";
import gitlabTags from "./fixtures/gitlab-tags.atom?raw";
import kdist from "./fixtures/kernel-kdist.rss?raw";
import kernelReleases from "./fixtures/kernel-releases.json?raw";
import pypi from "./fixtures/pypi-releases.rss?raw";
import sourceforge from "./fixtures/sourceforge.rss?raw";
import { type NormalizedFeed, normalizeEntry, normalizeFeed } from "./normalize-entry.ts";
import { parseFeed } from "./parse-feed.ts";

const NOW = "2026-11-22T12:00:00.000Z";

function read(text: string, provider: Provider, event: FeedEventKind, url: string): NormalizedFeed {
  const feed = parseFeed({ bytes: new TextEncoder().encode(text), url });
  if (!feed.ok) throw new Error(feed.failure.message);
  return normalizeFeed(feed.value, provider, { event, url }, NOW);
}

const keys = (feed: NormalizedFeed) => feed.entries.map(({ entry }) => [entry.entryId, entry.tag ?? entry.sha]);

describe("providers", () => {
  it("GitHub releases: the feed's own ids, tags whole and percent-decoded", () => {
    expect(keys(read(githubReleases, "github", "release", "https://github.com/acme/rocket/releases.atom"))).toEqual([
      ["tag:github.com,2008:Repository/4711/rust-v1.10.0", "rust-v1.10.0"],
      ["tag:github.com,2008:Repository/4711/release/2026%20autumn", "release/2026-autumn+hotfix"],
      ["tag:github.com,2008:Repository/4711/v0.9", "v0.9"],
    ]);
  });

  it("GitHub commits: the sha is the key, the branch is in the address", () => {
    const feed = read(githubCommits, "github", "push", "https://github.com/acme/rocket/commits/release%2F1.x.atom");
    expect(feed.entries[0]?.entry).toEqual({
      entryId: "0123456789abcdef0123456789abcdef01234567",
      title: "Cool the nozzle",
      url: "https://github.com/acme/rocket/commit/0123456789abcdef0123456789abcdef01234567",
      author: "ann",
      updatedAt: "2026-10-05T09:00:00.000Z",
      ref: "refs/heads/release/1.x",
      sha: "0123456789abcdef0123456789abcdef01234567",
    });
  });

  it("Forgejo: the tag of the link is the key; what names none costs itself", () => {
    const feed = read(forgejo, "codeberg", "release", "https://codeberg.org/acme/rocket/releases.rss");
    expect(keys(feed)).toEqual([
      ["v2.0+rc1", "v2.0+rc1"],
      ["v1.9", "v1.9"],
    ]);
    expect(feed.warnings).toEqual(["entry 3 (broken: names no tag): it names no tag and has no id or link"]);
  });

  it("registries: one key space for each, no tag that they do not know", () => {
    const npm = {
      name: "@acme/rocket",
      "dist-tags": { latest: "1.10.0" },
      versions: { "1.9.0": {}, "1.10.0": { gitHead: "0123456789ABCDEF0123456789abcdef01234567" }, "0.1.0": null },
      time: { created: "x", "1.9.0": "2026-01-01T00:00:00.000Z", "1.10.0": "2026-02-01T00:00:00.000Z" },
    };
    const npmFeed = read(JSON.stringify(npm), "npm", "release", "https://packages.example.org/@acme%2frocket");
    expect(npmFeed.entries.map(({ entry }) => [entry.entryId, entry.sha])).toEqual([
      ["@acme/rocket@1.10.0", "0123456789abcdef0123456789abcdef01234567"],
      ["@acme/rocket@1.9.0", undefined],
      ["@acme/rocket@0.1.0", undefined],
    ]);
    const project = {
      info: { name: "Rocket", project_url: "https://packages.example.org/project/rocket/" },
      releases: { "1.9": [{ upload_time_iso_8601: "2026-03-01T12:00:00.000000Z" }], "1.8": [], "1.10": [{}] },
    };
    expect(
      keys(read(JSON.stringify(project), "pypi", "release", "https://packages.example.org/pypi/rocket/json")),
    ).toEqual([
      ["https://packages.example.org/project/rocket/1.9/", undefined],
      ["https://packages.example.org/project/rocket/1.10/", undefined],
    ]);
    const crate = {
      crate: { id: "rocket" },
      versions: [{ num: "1.1.0", created_at: "2026-03-01T12:00:00Z" }, { no: 1 }],
    };
    expect(
      keys(read(JSON.stringify(crate), "crates", "release", "https://packages.example.org/api/v1/crates/rocket")),
    ).toEqual([["rocket@1.1.0", undefined]]);
  });

  it("kernel.org: both of its feeds have the same keys and tags", () => {
    const url = "https://www.kernel.org/feeds/kdist.xml";
    expect(keys(read(kdist, "kernel", "release", url))).toEqual([["7.2-rc1", "v7.2-rc1"]]);
    expect(keys(read(kernelReleases, "kernel", "release", url))).toEqual([
      ["7.2-rc1", "v7.2-rc1"],
      ["7.1.2", "v7.1.2"],
      ["next-20261027", undefined],
    ]);
  });

  it("cgit and SourceForge", () => {
    const sha = "fedcba9876543210fedcba9876543210fedcba98";
    const [commit] = read(cgit, "cgit", "push", "https://git.example.org/rocket/atom/?h=next").entries;
    expect(commit?.entry).toMatchObject({ entryId: sha, sha, ref: "refs/heads/next" });
    const address = "https://sourceforge.net/projects/rocket/rss";
    expect(read(sourceforge, "sourceforge", "release", address).entries[0]?.entry).toMatchObject({
      entryId: "rocket/1.4",
      version: "1.4",
    });
    const files = [
      "rocket/1.10.0/rocket-1.10.0.tar.gz",
      "rocket/1.10.0/linux/rocket-1.10.0.deb",
      "rocket-tools/v1.10.0-rc1/tools.zip",
      "rocket-1.9.1-rc2-x86_64.tar.gz",
      "docs/manual.pdf",
    ];
    const items = files.map(
      (file) => `<item><link>https://sourceforge.net/projects/rocket/files/${file}/download</link></item>`,
    );
    const many = read(`<rss><channel>${items.join("")}</channel></rss>`, "sourceforge", "release", address);
    expect(many.entries.map(({ entry }) => [entry.entryId, entry.version])).toEqual([
      ["rocket/1.10.0", "1.10.0"],
      ["rocket-tools/v1.10.0-rc1", "1.10.0-rc1"],
      ["1.9.1-rc2", "1.9.1-rc2"],
      ["https://sourceforge.net/projects/rocket/files/docs/manual.pdf/download", undefined],
    ]);
    expect(many.warnings).toEqual([]);
  });

  it("GitLab, cgit, PyPI, kernel.org as plain feeds", () => {
    expect(keys(read(gitlabTags, "gitlab", "tag", "https://gitlab.com/acme/rocket/-/tags?format=atom"))).toEqual([
      ["v3.1.0", "v3.1.0"],
      ["v3.0.0", "v3.0.0"],
    ]);
    const sha = "fedcba9876543210fedcba9876543210fedcba98";
    expect(keys(read(cgit, "feed", "push", "https://git.example.org/rocket/atom/"))).toEqual([[sha, sha]]);
    expect(keys(read(pypi, "feed", "release", "https://packages.example.org/rss/project/rocket/releases.xml"))).toEqual(
      [
        ["https://packages.example.org/project/rocket/1.9/", undefined],
        ["https://packages.example.org/project/rocket/1.10/", undefined],
      ],
    );
    expect(keys(read(kernelReleases, "feed", "release", "https://www.kernel.org/releases.json"))).toEqual([
      ["7.2-rc1", "v7.2-rc1"],
      ["7.1.2", "v7.1.2"],
      ["next-20261027", undefined],
    ]);
  });

  it.each([
    ["https://github.com/a/b/releases.atom", "github"],
    ["https://codeberg.org/a/b/releases.rss", "codeberg"],
    ["https://gitlab.com/a/b/-/tags?format=atom", "gitlab"],
    ["https://gitlab.gnome.org/a/b/-/tags?format=atom", "gitlab"],
    ["https://gitea.example.org/a/b/releases.rss", "gitea"],
    ["https://packages.example.org/rss/project/pip/releases.xml", "pypi"],
    ["https://packages.example.org/api/v1/crates/serde", "crates"],
    ["https://www.kernel.org/releases.json", "kernel"],
    ["https://sourceforge.net/projects/x/rss", "sourceforge"],
    ["https://git.zx2c4.com/cgit/atom/?h=master", "cgit"],
    ["git+https://git.example.org/x", "git"],
    ["https://git.example.org/x.git", "git"],
    ["https://example.org/feed", "feed"],
    [undefined, "feed"],
  ] as const)("%s is %s", (url, provider) => {
    expect(guessProvider(url)).toBe(provider);
  });
});

describe("normalizeEntry", () => {
  const context = { event: "release", url: undefined } as const;
  const of = (raw: Parameters<typeof normalizeEntry>[0], now = NOW) => {
    const result = normalizeEntry(raw, "feed", context, now);
    if (!result.ok) throw new Error(result.failure);
    return result.value;
  };

  it("clamps dates of the future without taking that for an edit", () => {
    const raw = { id: "1", publishedAt: "2030-01-01T00:00:00.000Z" };
    expect(of(raw).entry.publishedAt).toBe(NOW);
    expect(of(raw, "2026-11-22T13:00:00.000Z").fingerprint).toBe(of(raw).fingerprint);
  });

  it("keeps ids on one line and bounded, and different ones different", () => {
    expect(of({ id: " 1: two words " }).entry.entryId).toBe("1:%20two%20words");
    const long = "x".repeat(3000);
    const [a, b] = [of({ id: `${long}a` }).entry.entryId, of({ id: `${long}b` }).entry.entryId];
    expect(a.length).toBeLessThanOrEqual(1000);
    expect(a).not.toBe(b);
  });

  it("takes the first of two entries with one id", () => {
    const feed = normalizeFeed(
      { format: "rss", entries: [{ id: "1", title: "a" }, { id: "1", title: "b" }, {}], warnings: [] },
      "feed",
      context,
      NOW,
    );
    expect(feed.entries.map(({ entry }) => entry.title)).toEqual(["a"]);
    expect(feed.warnings).toHaveLength(2);
  });
});
