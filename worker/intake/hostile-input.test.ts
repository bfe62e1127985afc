import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { openDatabase } from "../store/database.ts";
import { findSource, putSource } from "../store/feed-sources.ts";
import atom03 from "./fixtures/atom-0.3.xml?raw";
import jsonFeed from "./fixtures/feed.json?raw";
import forgejo from "./fixtures/forgejo-releases.rss?raw";
import githubAdvisories from "./fixtures/github-advisories.json?raw";
import githubCommits from "./fixtures/github-commits.atom?raw";
import githubReleases from "./fixtures/github-releases.atom?raw";
import kernelReleases from "./fixtures/kernel-releases.json?raw";
import osv from "./fixtures/osv.json?raw";
import rdf from "./fixtures/rss-1.0.rdf?raw";
import sourceforge from "./fixtures/sourceforge.rss?raw";
import { normalizeFeed } from "./normalize-entry.ts";
import { parseFeed } from "./parse-feed.ts";
import { pollSources } from "./poll.ts";

/** Print and set this to repeat a run. */
const SEED = Number((env as { HOSTILE_SEED?: string }).HOSTILE_SEED ?? 20_261_122);

const MUTATIONS = 1200;

const NOW = "2026-11-22T12:00:00.000Z";

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

const SEEDS = [
  githubReleases,
  githubCommits,
  forgejo,
  rdf,
  atom03,
  sourceforge,
  jsonFeed,
  kernelReleases,
  osv,
  githubAdvisories,
];

/** What mutations put in: pieces that mean something to a parser. */
const PIECES = [
  "<",
  ">",
  "&",
  "&#0;",
  "&#x110000;",
  "&lt;entry&gt;",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "<?",
  "?>",
  "<entry>",
  "</entry>",
  "<item/>",
  "</feed>",
  "<content>",
  '"',
  "'",
  "=",
  "\u0000",
  "\ufffe",
  "\ud800",
  "{",
  "}",
  "null",
  "1e999",
  "__proto__",
  "xmlns:a='b'",
  "<!DOCTYPE x [",
  "http://[",
  "\u202e",
];

/** mulberry32: small, seeded, and good enough to choose mutations. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutate(roll: (below: number) => number): Uint8Array {
  let text = SEEDS[roll(SEEDS.length)] ?? "";
  for (let i = 0; i <= roll(6); i++) {
    const at = roll(text.length + 1);
    const to = Math.min(text.length, at + roll(200));
    const piece = PIECES[roll(PIECES.length)] ?? "";
    switch (roll(6)) {
      case 0:
        text = text.slice(0, at) + piece + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(at, to).repeat(1 + roll(50)) + text.slice(to);
        break;
      case 3:
        text = text.slice(0, at) + piece.repeat(1 + roll(3000)) + text.slice(at);
        break;
      case 4:
        text = text.slice(0, at);
        break;
      default:
        text = text.slice(0, at) + (SEEDS[roll(SEEDS.length)] ?? "").slice(roll(400)) + text.slice(to);
    }
  }
  const bytes = utf8(text);
  for (let i = 0; i < roll(4); i++) bytes[roll(bytes.length)] = roll(256);
  return bytes;
}

const URL_OF_ALL = "https://github.com/acme/rocket/releases.atom";

/** Reads a body as a poll does. Throws only where something is wrong with us. */
function read(bytes: Uint8Array): { refused: string | undefined; ms: number } {
  const { feed, ms } = timed(bytes);
  if (!feed.ok) {
    expect(feed.failure.message.length).toBeGreaterThan(10);
    expect(feed.failure.message.length).toBeLessThan(600);
    return { refused: feed.failure.code, ms };
  }
  const context = { event: "release", url: URL_OF_ALL } as const;
  for (const provider of ["github", "feed", "forgejo", "gitlab", "kernel"] as const) {
    for (const { entry } of normalizeFeed(feed.value, provider, context, NOW).entries) {
      const dates = [entry.publishedAt ?? "", entry.updatedAt ?? ""];
      if (
        !/^\S{1,1000}$/.test(entry.entryId) ||
        JSON.stringify(entry).length > 40_000 ||
        dates.some((date) => date > NOW)
      )
        throw new Error(`entry out of bounds: ${JSON.stringify(entry).slice(0, 500)}`);
    }
  }
  return { refused: undefined, ms };
}

/** A parse again where it took longer than it may: other work on the machine is not the parser's doing. */
function timed(bytes: Uint8Array): { feed: ReturnType<typeof parseFeed>; ms: number } {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; tries++) {
    const start = performance.now();
    const feed = parseFeed({ bytes, url: URL_OF_ALL });
    best = Math.min(best, performance.now() - start);
    if (best < longest() || tries === 3) return { feed, ms: best };
  }
}

/** What hostile input may cost, in parses of a well-formed feed as large as any may be. */
const PARSES = 5;

let wellFormed: number | undefined;

/** In milliseconds of this machine, now: what grows with more than the length costs hundreds of parses, however fast. */
function longest(): number {
  if (wellFormed === undefined) {
    const entry = (i: number) =>
      `<entry><id>${i}</id><updated>2026-10-01T00:00:00Z</updated><title>v${i}</title><content>${"Notes &amp; more. ".repeat(50)}</content></entry>`;
    const bytes = utf8(
      atom(Array.from({ length: (LIMIT - MIB / 4) / entry(1000).length }, (_, i) => entry(i)).join("")),
    );
    wellFormed = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      expect(parseFeed({ bytes }).ok).toBe(true);
      wellFormed = Math.min(wellFormed, performance.now() - start);
    }
  }
  return PARSES * wellFormed;
}

const atom = (inside: string): string => `<feed xmlns="http://www.w3.org/2005/Atom">${inside}</feed>`;
const MIB = 1024 * 1024;
const LIMIT = 4 * MIB;

/** Bodies of up to the size that the fetch lets through. */
const NAMED: readonly (readonly [string, () => string | Uint8Array, string | undefined])[] = [
  ["nested to 100,000", () => atom("<a>".repeat(100_000) + "</a>".repeat(100_000)), "feed_too_complex"],
  ["nested and never closed", () => "<feed>".repeat(500_000), "feed_too_complex"],
  ["a million empty elements", () => atom("<a/>".repeat(1_000_000)), "feed_too_complex"],
  ["one text of 4 MiB", () => atom(`<title>${"x".repeat(LIMIT - 100)}</title>`), "feed_too_complex"],
  ["a body of 4 MiB", () => atom(`<entry><id>1</id><content>${"x".repeat(LIMIT - 200)}</content></entry>`), undefined],
  ["a body of tags", () => atom(`<entry><id>1</id><content>${"<b>".repeat(MIB)}</content></entry>`), undefined],
  ["a body of ampersands", () => atom(`<entry><id>1</id><content>${"&".repeat(3 * MIB)}</content></entry>`), undefined],
  ["a body of less-thans", () => atom(`<entry><id>1</id><content>${"&lt;".repeat(MIB)}</content></entry>`), undefined],
  ["bodies that never close", () => atom("<content>".repeat(400_000)), "feed_truncated"],
  ["a body of openings of itself", () => atom(`<content>${"<content ".repeat(400_000)}`), "feed_truncated"],
  ["text in a million pieces", () => atom(`<title>${"x<!---->".repeat(500_000)}</title>`), "feed_too_complex"],
  ["CDATA in a million pieces", () => atom(`<title>${"<![CDATA[x]]>".repeat(300_000)}</title>`), "feed_too_complex"],
  ["a tag of 4 MiB", () => atom(`<title ${"a".repeat(LIMIT - 100)}/>`), "feed_malformed"],
  ["white space of 4 MiB in a tag", () => atom(`<title${" ".repeat(LIMIT - 100)}/>`), "feed_too_complex"],
  ["a hundred thousand attributes", () => atom(`<title ${'a="" '.repeat(100_000)}/>`), "feed_too_complex"],
  ["attributes without end", () => atom(`<title a="${"x".repeat(LIMIT - 100)}`), "feed_malformed"],
  ["processing instructions", () => `${"<?a b?>".repeat(500_000)}${atom("")}`, undefined],
  ["comments before the document", () => `${"<!---->".repeat(500_000)}${atom("")}`, undefined],
  ["openings of comments", () => atom("<!--".repeat(MIB)), "feed_truncated"],
  ["openings of CDATA", () => atom("<![CDATA[".repeat(400_000)), "feed_truncated"],
  ["only less-thans", () => "<".repeat(LIMIT), "feed_truncated"],
  ["only greater-thans", () => `<feed>${">".repeat(LIMIT - 20)}</feed>`, "feed_too_complex"],
  ["only white space", () => " ".repeat(LIMIT), "feed_empty"],
  ["only NUL bytes", () => new Uint8Array(LIMIT), "feed_empty"],
  [
    "an entity bomb",
    () => `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${atom("<title>&b;</title>")}`,
    "feed_doctype",
  ],
  [
    "an entity that reads a file",
    () => `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>${atom("<title>&x;</title>")}`,
    "feed_doctype",
  ],
  ["many numeric entities", () => atom(`<entry><id>1</id><title>${"&#65;".repeat(50_000)}</title></entry>`), undefined],
  ["two documents", () => atom("") + atom(""), "feed_malformed"],
  ["a document and a half", () => `${atom("")}<feed>`, "feed_malformed"],
  ["HTML", () => "<!doctype html><html><title>x</title><body><rss><channel></channel></rss>", "feed_html"],
  ["JSON nested to a million", () => "[".repeat(MIB), "feed_malformed"],
  ["JSON nested and closed", () => `${"[".repeat(MIB)}${"]".repeat(MIB)}`, "feed_not_feed"],
  ["JSON with odd keys", () => '{"__proto__":{"items":[]},"constructor":{"prototype":{"x":1}}}', "feed_not_feed"],
  ["elements with odd names", () => atom("<__proto__><constructor/></__proto__><prototype>x</prototype>"), undefined],
  ["a charset that lies", () => utf8(`<?xml version="1.0" encoding="UTF-16"?>${atom("")}`), undefined],
  ["UTF-16 cut in a character", () => new Uint8Array([0xff, 0xfe, 0x3c, 0x00, 0x66]), "feed_not_feed"],
  ["14,000 entries", () => atom("<entry><id>x</id></entry>".repeat(14_000)), undefined],
];

/** So many spaces, packed. */
async function gzip(length: number): Promise<Uint8Array<ArrayBuffer>> {
  const packer = new CompressionStream("gzip");
  const writer = packer.writable.getWriter();
  const written = (async () => {
    for (let i = 0; i < length; i += MIB) await writer.write(new Uint8Array(MIB).fill(0x20));
    await writer.close();
  })();
  const packed = await new Response(packer.readable).bytes();
  await written;
  return new Uint8Array(packed);
}

describe("hostile input", { timeout: 120_000 }, () => {
  it.each(NAMED)("%s", (_name, make, refused) => {
    const input = make();
    const bytes = typeof input === "string" ? utf8(input) : input;
    const outcome = read(bytes);
    expect(outcome.refused).toBe(refused);
    expect(outcome.ms).toBeLessThan(longest());
  });

  it("a feed cut at any byte is refused, never half taken in", () => {
    for (const text of [githubReleases, forgejo, rdf, atom03, jsonFeed, kernelReleases]) {
      const bytes = utf8(text.trimEnd());
      for (let length = 0; length < bytes.length; length += 13)
        expect(read(bytes.subarray(0, length)).refused).toBeDefined();
    }
  });

  it(`${MUTATIONS} mutations (seed ${SEED}): no crash, no hang`, () => {
    const roll = dice(SEED);
    let slowest = 0;
    const outcomes = new Map<string, number>();
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = mutate(roll);
      const { refused, ms } = read(bytes);
      slowest = Math.max(slowest, ms);
      const outcome = refused ?? "read";
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    console.log(JSON.stringify({ seed: SEED, slowestMs: slowest, outcomes: Object.fromEntries(outcomes) }));
    expect(slowest).toBeLessThan(longest());
    // Mutations that all end at the same gate would prove little.
    expect(outcomes.size).toBeGreaterThanOrEqual(4);
    expect(outcomes.get("read")).toBeGreaterThan(MUTATIONS / 20);
  });

  it("leaves the source's record as it was, but for the failure, and other sources alone", async () => {
    const db = openDatabase(env.DB);
    const address = (id: string) => `https://feeds.example.org/${id}`;
    for (const id of ["victim", "other"])
      await putSource(
        db,
        id,
        FeedSourceConfig.parse({ provider: "feed", url: address(id), event: "release" }),
        undefined,
        NOW,
      );
    let hostile: BodyInit | undefined;
    const context = {
      env,
      outbound: {
        allowLocal: false,
        fetch: (url: string) =>
          Promise.resolve(
            new Response(url === address("victim") && hostile !== undefined ? hostile : githubReleases, {
              headers: { etag: hostile === undefined ? '"good"' : '"bad"' },
            }),
          ),
      },
      now: () => Date.parse(NOW),
      random: () => 0.5,
    };
    await pollSources(context, ["victim", "other"]);
    const rows = () =>
      env.DB.prepare("SELECT * FROM feed_entries WHERE source_id = 'victim' ORDER BY entry_id")
        .all()
        .then((found) => found.results);
    const before = await rows();
    for (const [, make, refused] of NAMED.filter(([, , code]) => code !== undefined).slice(0, 12)) {
      const input = make();
      hostile = typeof input === "string" ? input : new Uint8Array(input);
      await pollSources(context, ["victim", "other"]);
      expect(await findSource(db, "victim")).toMatchObject({
        etag: '"good"',
        lastOutcome: "failed",
        lastError: { code: refused },
      });
      expect(await findSource(db, "other")).toMatchObject({ consecutiveFailures: 0, lastOutcome: "unchanged" });
    }
    expect(await rows()).toEqual(before);
  });

  it("stops reading a gzip bomb at 4 MiB", async () => {
    const db = openDatabase(env.DB);
    const config = FeedSourceConfig.parse({
      provider: "feed",
      url: "https://feeds.example.org/bomb",
      event: "release",
    });
    await putSource(db, "bomb", config, undefined, NOW);
    const packed = await gzip(64 * MIB);
    expect(packed.length).toBeLessThan(MIB);
    const unpacked = new Response(packed).body?.pipeThrough(new DecompressionStream("gzip"));
    await pollSources(
      {
        env,
        outbound: { allowLocal: false, fetch: () => Promise.resolve(new Response(unpacked ?? null)) },
        now: () => Date.parse(NOW),
        random: () => 0.5,
      },
      ["bomb"],
    );
    expect(await findSource(db, "bomb")).toMatchObject({ lastError: { code: "too_large" } });
  });
});
