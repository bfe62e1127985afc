/**
 * A whole fleet: thousands of sources and stacks on one edge, nineteen of twenty feeds without anything new; then
 * releases, from the feed to the attempt that is handed out, through the cron, the queue and the objects.
 *
 * `BENCH_SOURCES` and `BENCH_STACKS` make it smaller.
 *
 * @module
 */
import { z } from "zod";
import { type Bench, type BenchResult, quantile, rounded } from "./bench.ts";
import { type FeedServer, startFeedServer } from "./feed-server.ts";
import type { PollOrder, PollReport } from "./measure-orders.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";

const SOURCES = sizeFrom("BENCH_SOURCES", 10_000);
const STACKS = sizeFrom("BENCH_STACKS", 1000);

/** One feed in so many answers 200 though nothing is new; the others answer 304. */
const RESTLESS = 20;

/** Releases told one after another, for the time each takes; and at once. */
const RELEASES = Math.min(200, Math.floor(STACKS / 4));
const BURST = Math.min(500, STACKS - RELEASES);

/** Sources of an invocation on a free plan, and the subrequests it may make. */
const FREE = { batch: 10, subrequests: 50 } as const;

const WANTED_STATEMENTS = 40;

const PIECE = 1000;

const HOUR = 3_600_000;

/** What a busy machine may need for all of it. */
const PATIENCE_MS = 900_000;

export const fleet: Bench = {
  name: "fleet",
  about: `${SOURCES} sources and ${STACKS} stacks: polling, and releases from the feed to the hand-over`,
  async run(progress) {
    const feeds = await startFeedServer();
    const edge = await startMeasuredEdge().catch((error: unknown) => {
      feeds.close();
      throw error;
    });
    try {
      return await measure(edge, feeds, progress);
    } finally {
      feeds.close();
      await edge.remove();
    }
  },
};

async function measure(
  edge: MeasuredEdge,
  feeds: FeedServer,
  progress: (line: string) => void,
): Promise<BenchResult[]> {
  feeds.restless(RESTLESS);
  // In pieces: a request that takes minutes is given up by its client.
  for (let from = 0; from < SOURCES; from += PIECE) {
    const to = Math.min(from + PIECE, SOURCES);
    await poll(edge, { declare: { base: feeds.url, from, to, stacks: STACKS }, rounds: 1 });
    progress(`${to} of ${SOURCES} sources declared and polled once, for ${STACKS} stacks`);
  }

  const results = unchanged(await poll(edge, { rounds: 1 }));
  const small = await poll(edge, { rounds: 1, batch: FREE.batch, batches: 1 });
  // A poll is one request to the feed's server.
  const subrequests = small.d1.requests + FREE.batch;
  results.push({
    name: `an invocation of ${FREE.batch} polls: subrequests`,
    value: subrequests,
    unit: "",
    wanted: FREE.subrequests,
    ok: subrequests <= FREE.subrequests,
  });
  results.push(memory(edge, "after polling"));
  progress("unchanged feeds polled");

  const few = await release(edge, feeds, { from: 0, count: RELEASES, handed: 0, hours: 1, progress });
  results.push(
    { name: `${RELEASES} releases among ${SOURCES} due sources: to dispatched, p50`, ...seconds(quantile(few, 0.5)) },
    { name: `${RELEASES} releases among ${SOURCES} due sources: to dispatched, p99`, ...seconds(quantile(few, 0.99)) },
  );
  const burst = await release(edge, feeds, { from: RELEASES, count: BURST, handed: RELEASES, hours: 2, progress });
  results.push({ name: `${BURST} releases at once: until all are dispatched`, ...seconds(Math.max(...burst)) });
  results.push(memory(edge, "after the releases"));
  return results;
}

async function poll(edge: MeasuredEdge, order: PollOrder): Promise<PollReport> {
  return (await (await edge.post("/measure/polls", order)).json()) as PollReport;
}

function unchanged({ d1, milliseconds, outcomes }: PollReport): BenchResult[] {
  const polls = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const perThousand = (count: number): number => rounded((count * 1000) / polls);
  const notModified = outcomes.not_modified ?? 0;
  const statements = perThousand(d1.statements);
  return [
    { name: "sources polled", value: rounded(polls / (milliseconds / 1000)), unit: "per second", ok: true },
    { name: "answered 304", value: rounded((notModified * 100) / polls), unit: "%", ok: true },
    {
      name: "D1 statements in 1,000 polls",
      value: statements,
      unit: "",
      wanted: WANTED_STATEMENTS,
      ok: statements <= WANTED_STATEMENTS,
    },
    { name: "rows written in 1,000 polls", value: perThousand(d1.rowsWritten), unit: "rows", ok: true },
  ];
}

type ReleaseOrder = {
  /** First of the feeds that have a release, and how many; each feeds a stack of its own. */
  from: number;
  count: number;
  /** Attempts handed out before. */
  handed: number;
  /** From now, when all sources are due. */
  hours: number;
  progress: (line: string) => void;
};

/** How long after its release each attempt was handed out, milliseconds. */
async function release(edge: MeasuredEdge, feeds: FeedServer, order: ReleaseOrder): Promise<number[]> {
  const { from, count, handed, hours, progress } = order;
  const releasedAt = feeds.release(from, from + count);
  const deadline = Date.now() + PATIENCE_MS;
  let claimed = 0;
  for (;;) {
    // A tick claims so many; where more are due, the next one goes on.
    if (claimed < SOURCES) {
      const tick = (await (await edge.post("/measure/tick", { at: Date.now() + hours * HOUR })).json()) as Tick;
      claimed += tick.polls;
    }
    const dispatched = await dispatchedAt(edge);
    progress(`${dispatched.length - handed} of ${count} dispatched`);
    if (dispatched.length >= handed + count)
      return dispatched
        .toSorted((a, b) => a - b)
        .slice(handed)
        .map((at) => at - releasedAt);
    if (Date.now() > deadline)
      throw new Error(`after ${PATIENCE_MS / 1000} s ${dispatched.length - handed} of ${count} were dispatched`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type Tick = { polls: number };

const Page = z.object({
  attempts: z.array(z.object({ updatedAt: z.iso.datetime() })),
  nextCursor: z.string().nullish(),
});

/** When each attempt that is handed out and not claimed was; nobody claims any here. */
async function dispatchedAt(edge: MeasuredEdge): Promise<number[]> {
  const times: number[] = [];
  let cursor = "";
  do {
    const answer = await edge.get(`/maintenance-attempts?status=dispatched&limit=500${cursor}`);
    const { attempts, nextCursor } = Page.parse(await answer.json());
    times.push(...attempts.map(({ updatedAt }) => Date.parse(updatedAt)));
    cursor = nextCursor == null ? "" : `&cursor=${nextCursor}`;
  } while (cursor !== "");
  return times;
}

function seconds(milliseconds: number): Pick<BenchResult, "value" | "unit" | "ok"> {
  return { value: rounded(milliseconds / 1000), unit: "s", ok: true };
}

function memory(edge: MeasuredEdge, when: string): BenchResult {
  const bytes = edge.usage()?.residentBytes ?? Number.NaN;
  return { name: `memory of workerd ${when}`, value: Math.round(bytes / 1e6), unit: "MB", ok: true };
}

function sizeFrom(name: string, size: number): number {
  return z.coerce.number().int().min(4).default(size).parse(process.env[name]);
}
