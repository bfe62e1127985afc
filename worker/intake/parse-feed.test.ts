import { describe, expect, it } from "vitest";
import atom03 from "./fixtures/atom-0.3.xml?raw";
import botWall from "./fixtures/bot-wall.html?raw";
import cgit from "./fixtures/cgit.atom?raw";
import drupalError from "./fixtures/drupal-error.xml?raw";
import jsonFeed from "./fixtures/feed.json?raw";
import forgejo from "./fixtures/forgejo-releases.rss?raw";
import githubCommits from "./fixtures/github-commits.atom?raw";
import githubReleases from "./fixtures/github-releases.atom?raw";
import gitlabTags from "./fixtures/gitlab-tags.atom?raw";
import kdist from "./fixtures/kernel-kdist.rss?raw";
import kernelReleases from "./fixtures/kernel-releases.json?raw";
import pypi from "./fixtures/pypi-releases.rss?raw";
import rss091 from "./fixtures/rss-0.91.xml?raw";
import rdf from "./fixtures/rss-1.0.rdf?raw";
import sourceforge from "./fixtures/sourceforge.rss?raw";
import { parseFeed } from "./parse-feed.ts";
import type { ParsedFeed } from "./parsed-feed.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function parsed(
  text: string | Uint8Array,
  url = "https://feeds.example.org/dir/feed",
  contentType?: string,
): ParsedFeed {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const result = parseFeed({ bytes, url, ...(contentType === undefined ? {} : { contentType }) });
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.value;
}

function refusal(text: string | Uint8Array): { code: string; message: string } {
  const result = parseFeed({ bytes: typeof text === "string" ? utf8(text) : text });
  if (result.ok) throw new Error(`taken for a feed with ${result.value.entries.length} entries`);
  return result.failure;
}

describe("formats", () => {
  it("reads GitHub's releases: entities once, padding folded, comments and bodies hold no entries", () => {
    const feed = parsed(githubReleases, "https://github.com/acme/rocket/releases.atom");
    expect(feed.format).toBe("atom");
    expect(feed.title).toBe("Release notes from rocket");
    expect(
      feed.entries.map(({ id, link, title, updatedAt, author }) => ({ id, link, title, updatedAt, author })),
    ).toEqual([
      {
        id: "tag:github.com,2008:Repository/4711/rust-v1.10.0",
        link: "https://github.com/acme/rocket/releases/tag/rust-v1.10.0",
        title: "1.10.0 & friends",
        updatedAt: "2026-10-01T08:00:00.000Z",
        author: "launch-bot",
      },
      {
        id: "tag:github.com,2008:Repository/4711/release/2026%20autumn",
        link: "https://github.com/acme/rocket/releases/tag/release%2F2026-autumn%2Bhotfix",
        title: "Autumn",
        updatedAt: "2026-10-03T08:00:00.000Z",
        author: "launch-bot",
      },
      {
        id: "tag:github.com,2008:Repository/4711/v0.9",
        link: "https://github.com/acme/rocket/releases/tag/v0.9",
        title: "v0.9",
        updatedAt: "2026-09-01T08:00:00.000Z",
        author: "ann",
      },
    ]);
  });

  it("reads commits", () => {
    expect(parsed(githubCommits).entries.map((entry) => entry.title)).toEqual(["Cool the nozzle", "Paint it red"]);
    const [entry] = parsed(cgit).entries;
    expect(entry).toMatchObject({
      id: "fedcba9876543210fedcba9876543210fedcba98",
      title: "tank: fix a leak",
      author: "Dora",
      publishedAt: "2026-10-02T07:11:00.000Z",
    });
  });

  it("reads RSS as forges write it: CDATA not decoded, items in bodies not counted", () => {
    const feed = parsed(forgejo);
    expect(feed.format).toBe("rss");
    expect(feed.entries.map((entry) => entry.title)).toEqual([
      "The big one",
      "1.9 &amp; <last>",
      "broken: names no tag",
    ]);
    expect(feed.entries[0]?.publishedAt).toBe("2026-11-20T09:00:00.000Z");
    expect(feed.entries[1]?.link).toBe("https://codeberg.org/acme/rocket/releases/tag/v1.9");
    expect(parsed(sourceforge).entries).toMatchObject([
      { title: "/rocket/1.4/rocket-1.4.tar.gz", publishedAt: "2026-10-06T18:20:00.000Z" },
    ]);
    expect(parsed(kdist).entries).toMatchObject([
      { id: "kernel.org,mainline,7.2-rc1,2026-10-26", publishedAt: "2026-10-26T21:56:15.000Z" },
    ]);
  });

  it("keeps 1.10 apart from 1.1 and leaves out what is not there", () => {
    expect(parsed(pypi).entries).toEqual([
      {
        title: "1.9",
        link: "https://packages.example.org/project/rocket/1.9/",
        publishedAt: "2026-03-01T12:00:00.000Z",
      },
      {
        title: "1.10",
        link: "https://packages.example.org/project/rocket/1.10/",
        author: "ann@example.org",
        publishedAt: "2026-11-01T12:00:00.000Z",
      },
    ]);
    expect(parsed(gitlabTags).entries[0]?.updatedAt).toBeUndefined();
  });

  it("reads RDF, whatever its prefixes are called", () => {
    expect(parsed(rdf)).toMatchObject({
      format: "rdf",
      entries: [{ id: "https://news.example.org/1", author: "Eve", publishedAt: "2026-05-06T08:00:00.000Z" }],
    });
  });

  it("reads RSS 0.91 with its plain DOCTYPE and HTML's entities", () => {
    expect(parsed(rss091).entries).toMatchObject([{ title: "Rocket’s café", link: "https://old.example.org/rocket" }]);
  });

  it("reads Atom 0.3, prefixed, with xml:base at two levels and an HTML title", () => {
    expect(parsed(atom03)).toMatchObject({
      format: "atom",
      title: "Old Atom",
      entries: [
        {
          id: "urn:rocket:5",
          title: "Rocket 5 & crew",
          link: "https://blog.example.org/sub/2026/rocket-5",
          author: "Finn",
          publishedAt: "2026-01-02T03:04:05.000Z",
          updatedAt: "2026-01-03T03:04:05.000Z",
        },
      ],
    });
  });

  it("reads JSON Feed; one bad item costs itself", () => {
    const feed = parsed(jsonFeed, "https://rocket.example.org/feed.json");
    expect(feed).toMatchObject({
      format: "json-feed",
      entries: [
        { id: "1.10", title: "1.10", link: "https://rocket.example.org/releases/1.10", author: "Gus" },
        { id: "42" },
      ],
    });
    expect(feed.warnings).toHaveLength(1);
  });

  it("reads kernel.org's releases; the tag is the one in the link, or none", () => {
    const feed = parsed(kernelReleases);
    expect(feed.format).toBe("kernel-releases");
    expect(feed.entries.map(({ id, tag }) => ({ id, tag }))).toEqual([
      { id: "7.2-rc1", tag: "v7.2-rc1" },
      { id: "7.1.2", tag: "v7.1.2" },
      { id: "next-20261027", tag: undefined },
    ]);
    expect(feed.warnings).toHaveLength(1);
  });

  it("tells an edited body from one whose markup changed only", () => {
    const body = (text: string): string | undefined =>
      parsed(
        `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content type="html">${text}</content></entry></feed>`,
      ).entries[0]?.bodyDigest;
    expect(body('a &lt;img src="x?jwt=1"&gt; b')).toBe(body('a &lt;img src="x?jwt=2"&gt; b'));
    expect(body("a b")).not.toBe(body("a c"));
  });
});

describe("charsets", () => {
  const feed = (declared: string) =>
    `<?xml version="1.0" encoding="${declared}"?><rss><channel><item><title>é</title><guid>1</guid></item></channel></rss>`;
  const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const utf16 = (text: string, mark: boolean) => {
    const marked = mark ? `\ufeff${text}` : text;
    return new Uint8Array(Uint16Array.from({ length: marked.length }, (_, i) => marked.charCodeAt(i)).buffer);
  };
  it.each([
    ["the prolog", latin1(feed("ISO-8859-1")), undefined],
    ["the header over the prolog", latin1(feed("UTF-8")), "text/xml; charset=windows-1252"],
    ["the byte order mark over the header", utf8(`\ufeff${feed("ISO-8859-1")}`), "text/xml; charset=iso-8859-1"],
    ["a UTF-16 mark", utf16(feed("UTF-16"), true), undefined],
    ["UTF-16 without a mark", utf16(feed("UTF-16"), false), undefined],
    ["no UTF-16, whatever the prolog says", utf8(feed("UTF-16")), undefined],
  ])("follows %s", (_name, bytes, contentType) => {
    expect(parsed(bytes, undefined, contentType).entries[0]?.title).toBe("é");
  });

  it("names a charset it does not know", () => {
    expect(refusal(feed("klingon-8"))).toMatchObject({
      code: "feed_charset",
      message: expect.stringContaining("klingon-8") as string,
    });
  });
});

describe("what is no feed", () => {
  const atom = (inside: string): string => `<feed xmlns="http://www.w3.org/2005/Atom">${inside}</feed>`;
  it.each([
    ["", "feed_empty", "empty"],
    [" \n\t ", "feed_empty", "empty"],
    [botWall, "feed_html", "Making sure you're not a bot!"],
    ["<html><body>Hello", "feed_html", "HTML page"],
    [drupalError, "feed_not_feed", "<error>"],
    ["Not Found", "feed_not_feed", '"Not Found"'],
    ['{"message":"Not Found"}', "feed_not_feed", "JSON"],
    ['{"version":"https://jsonfeed.org/version/1","items":[', "feed_malformed", "cut short"],
    ["<opml><body/></opml>", "feed_not_feed", "<opml>"],
    ["<rss></rss>", "feed_not_feed", "without a channel"],
    ["<?xml version='1.0'?>", "feed_malformed", ""],
    [githubReleases.slice(0, 1500), "feed_truncated", "stops"],
    [githubReleases.slice(0, githubReleases.indexOf("</feed>")), "feed_truncated", "</feed>"],
    [`${atom("")}${atom("")}`, "feed_malformed", "second document"],
    [atom("<entry></feed></entry>"), "feed_malformed", "where </entry> belongs"],
    [atom("<entry"), "feed_malformed", "broken tag"],
    [atom("<!-- never closed"), "feed_truncated", "comment"],
    [atom("<title><![CDATA[never closed</title>"), "feed_truncated", "CDATA"],
    [atom("<content>never closed"), "feed_truncated", "<content>"],
    [`<!DOCTYPE feed [<!ENTITY a "b">]>${atom("<title>&a;</title>")}`, "feed_doctype", "DOCTYPE"],
    [atom("<a>".repeat(100) + "</a>".repeat(100)), "feed_too_complex", "nested"],
    [atom("<a/>".repeat(100_000)), "feed_too_complex", "elements"],
    [atom(`<title>${"x".repeat(300_000)}</title>`), "feed_too_complex", "text"],
    [atom(`<title ${"x".repeat(20_000)}="1"/>`), "feed_too_complex", "tag"],
    [
      atom(`<title ${Array.from({ length: 100 }, (_, i) => `a${i}="1"`).join(" ")}/>`),
      "feed_too_complex",
      "attributes",
    ],
  ])("%#: %.40s", (text, code, words) => {
    const failure = refusal(text);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(words);
  });

  it("names binary data", () => {
    expect(refusal(new Uint8Array([0x1f, 0x8b, 8, 0])).message).toContain("gzip");
  });

  it("takes elements named like parts of an object for what they are: elements", () => {
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__"];
    const odd = names.map((name) => `<${name}><id>x</id></${name}>`).join("");
    const feed = parsed(atom(`${odd}<entry><id>1</id>${odd}<title __proto__="x" constructor="y">t</title></entry>`));
    expect(feed.entries).toMatchObject([{ id: "1", title: "t" }]);
    expect(Object.prototype).not.toHaveProperty("id");
  });

  it("strips NUL bytes and control characters, and cuts long fields", () => {
    const feed = parsed(
      atom(`<entry><id>1\u0000\u0001</id><title>a&#0;b&#7;\u0085c${"é".repeat(5000)}</title></entry>`),
    );
    expect(feed.entries[0]?.id).toBe("1");
    expect(feed.entries[0]?.title).toHaveLength(4096);
  });
});
