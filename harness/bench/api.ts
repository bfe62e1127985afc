/**
 * The admin API over records of 10,000, 100,000 and a million events: rows that D1 reads, and time.
 *
 * @module
 */
import { apiRequests } from "./api-requests.ts";
import { type Bench, type BenchResult, quantile, rounded } from "./bench.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";
import { fillRecord } from "./record-fill.ts";

const SIZES = [10_000, 100_000, 1_000_000] as const;

/** Requests measured for each endpoint, after a few that are not. */
const ROUNDS = 40;
const WARM_UP = 4;

/** Rows read besides the page itself. */
const SPARE_ROWS = 10;
const WANTED_GROWTH = 1.5;

type Measured = { rowsRead: number; p50: number; p99: number; limit: number; grows?: true };
type Sized = { size: number; edge: MeasuredEdge };

export const api: Bench = {
  name: "api",
  about: "rows read and time of every list and detail endpoint, over growing records",
  async run(progress) {
    const edges: Sized[] = [];
    try {
      for (const size of sizes()) {
        const edge = await startMeasuredEdge();
        edges.push({ size, edge });
        const startedAt = performance.now();
        await edge.changeRecord((record) => fillRecord(record, 0, size));
        progress(`${size} events and attempts written in ${rounded((performance.now() - startedAt) / 1000)} s`);
      }
      return results(await measureAll(edges, progress));
    } finally {
      await Promise.all(edges.map(({ edge }) => edge.remove()));
    }
  },
};

/** `BENCH_EVENTS=10000` stops early, while working on a query. */
function sizes(): number[] {
  const largest = Number(process.env.BENCH_EVENTS ?? SIZES.at(-1));
  return SIZES.filter((size) => size <= largest);
}

/** All sizes in turn, request by request: what else the machine does meets each of them alike. */
async function measureAll(
  edges: readonly Sized[],
  progress: (line: string) => void,
): Promise<Map<number, Map<string, Measured>>> {
  const bySize = new Map(edges.map(({ size }) => [size, new Map<string, Measured>()]));
  const requests = edges.map(({ size, edge }) => ({ size, edge, all: apiRequests(size) }));
  for (const [i, { name }] of (requests[0]?.all ?? []).entries()) {
    const turns = requests.flatMap(({ size, edge, all }) => {
      const request = all[i];
      return request === undefined ? [] : [{ size, edge, ...request, times: [] as number[] }];
    });
    for (let round = -WARM_UP; round < ROUNDS; round++)
      for (const { edge, path, times } of turns) {
        const startedAt = performance.now();
        await (await edge.get(path)).arrayBuffer();
        if (round >= 0) times.push(performance.now() - startedAt);
      }
    for (const { size, edge, path, limit, grows, times } of turns) {
      const metered = await edge.get(path, { "x-measure-d1": "1" });
      const { rowsRead } = JSON.parse(metered.headers.get("x-d1") ?? "{}") as { rowsRead: number };
      await metered.arrayBuffer();
      const measured = { rowsRead, p50: quantile(times, 0.5), p99: quantile(times, 0.99), limit, grows };
      progress(`${size} ${name}: ${rowsRead} rows, p50 ${rounded(measured.p50)} ms, p99 ${rounded(measured.p99)} ms`);
      bySize.get(size)?.set(name, measured);
    }
  }
  return bySize;
}

function results(bySize: ReadonlyMap<number, ReadonlyMap<string, Measured>>): BenchResult[] {
  const [smallest, ...larger] = [...bySize];
  if (smallest === undefined) return [];
  const all: BenchResult[] = [];
  for (const [size, measured] of bySize)
    for (const [name, { rowsRead, p50, p99, limit, grows }] of measured) {
      const at = `${name} at ${size}`;
      const wanted = limit + SPARE_ROWS;
      all.push({ name: `${at}: rows read`, value: rowsRead, unit: "rows", wanted, ok: rowsRead <= wanted });
      all.push({ name: `${at}: p99`, value: rounded(p99), unit: "ms", ok: true });
      const baseline = smallest[1].get(name)?.p50;
      const time = { name: `${at}: p50`, value: rounded(p50), unit: "ms" };
      if (size === smallest[0] || baseline === undefined) {
        all.push({ ...time, ok: true });
        continue;
      }
      const ratio = rounded(p50 / baseline);
      // Asked of the largest record alone; the one between shows how it gets there.
      const asked = size === larger.at(-1)?.[0] && grows === undefined;
      const growth = { ...time, baseline: rounded(baseline), ratio };
      all.push(asked ? { ...growth, wanted: WANTED_GROWTH, ok: ratio <= WANTED_GROWTH } : { ...growth, ok: true });
    }
  return all;
}
