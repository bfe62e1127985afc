/**
 * Our parser of feeds beside others', on the same bytes, in turn.
 *
 * Each is timed from the bytes to its result. The least of all runs counts: what is longer is another
 * program's time.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseFeed as feedsmith } from "feedsmith";
import RssParser from "rss-parser";
import { parseFeed } from "../../worker/intake/parse-feed.ts";
import { type BenchResult, rounded } from "./bench.ts";
import { FEED_SHAPES, largeFeed } from "./feed-shapes.ts";

const FIXTURES = fileURLToPath(new URL("../../worker/intake/fixtures/", import.meta.url));

/** Each parses a few of these at least; the fixtures are small, so that they are parsed many times. */
const SMALL_RUNS = 200;
const LARGE_RUNS = 12;

/** A server's answer is cut off at 4 MiB; the parser itself takes more. */
const LARGE_CHARACTERS = 5_000_000;

const WANTED_SMALL = 1;
const WANTED_LARGE = 0.7;

type Times = { ours: number; feedsmith: number; rssParser: number };

export async function benchParsers(progress: (line: string) => void): Promise<BenchResult[]> {
  const small: Times = { ours: 0, feedsmith: 0, rssParser: 0 };
  const fixtures = xmlFixtures();
  for (const { name, bytes } of fixtures) {
    const times = await timeAll(bytes, SMALL_RUNS);
    progress(`${name}: ${describe(times)}`);
    for (const parser of ["ours", "feedsmith", "rssParser"] as const) small[parser] += times[parser];
  }
  const results = compared(`parse ${fixtures.length} fixtures`, small, WANTED_SMALL);
  for (const shape of FEED_SHAPES) {
    const bytes = new TextEncoder().encode(largeFeed(shape, LARGE_CHARACTERS));
    const times = await timeAll(bytes, LARGE_RUNS);
    progress(`5 MB ${shape}: ${describe(times)}`);
    results.push(...compared(`parse 5 MB of ${shape}`, times, WANTED_LARGE));
  }
  return results;
}

/** Feeds that all three take. */
function xmlFixtures(): { name: string; bytes: Uint8Array }[] {
  return readdirSync(FIXTURES)
    .filter((name) => /\.(?:atom|rss|rdf)$/.test(name) || name === "rss-0.91.xml")
    .map((name) => ({ name, bytes: readFileSync(`${FIXTURES}${name}`) }));
}

async function timeAll(bytes: Uint8Array, runs: number): Promise<Times> {
  const rssParser = new RssParser();
  const least: Times = { ours: Infinity, feedsmith: Infinity, rssParser: Infinity };
  for (let run = 0; run < runs; run++) {
    least.ours = Math.min(least.ours, await time(() => ours(bytes)));
    least.feedsmith = Math.min(least.feedsmith, await time(() => feedsmith(new TextDecoder().decode(bytes))));
    least.rssParser = Math.min(
      least.rssParser,
      await time(() => rssParser.parseString(new TextDecoder().decode(bytes))),
    );
  }
  return least;
}

function ours(bytes: Uint8Array): void {
  const feed = parseFeed({ bytes, url: "https://forge.example.org/feed" });
  if (!feed.ok) throw new Error(feed.failure.message);
}

async function time(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function compared(name: string, times: Times, wanted: number): BenchResult[] {
  const value = rounded(times.ours);
  const beside = (baseline: number): Pick<BenchResult, "value" | "unit"> & { baseline: number; ratio: number } => ({
    value,
    unit: "ms",
    baseline: rounded(baseline),
    ratio: rounded(times.ours / baseline),
  });
  const smith = beside(times.feedsmith);
  return [
    { name: `${name}, to feedsmith`, ...smith, wanted, ok: smith.ratio <= wanted },
    { name: `${name}, to rss-parser`, ...beside(times.rssParser), ok: true },
  ];
}

function describe({ ours: us, feedsmith: smith, rssParser }: Times): string {
  return `ours ${rounded(us)} ms, feedsmith ${rounded(smith)} ms, rss-parser ${rounded(rssParser)} ms`;
}
