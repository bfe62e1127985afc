/**
 * What a deployment costs: measures what polls, releases, attempts and the cron ask of the platform, and turns it
 * into a month's bill and into what the plans hold.
 *
 * CPU time is that of local workerd, which also does what D1 and objects do elsewhere: an upper bound.
 *
 * @module
 */
import { type Bench, type BenchResult, quantile, rounded } from "./bench.ts";
import { startFeedServer } from "./feed-server.ts";
import type { CommandKind, CycleReport, PollReport, TicksOrder, TicksReport } from "./measure-orders.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";
import {
  ASSUMPTIONS,
  type Asked,
  type Assumptions,
  bill,
  freePlan,
  paidPlan,
  type UnitUse,
  usageOf,
} from "./monthly-bill.ts";
import { CPU_MS, FREE_CPU_MS, METERS, type Meter, PRICES_OF } from "./plan-prices.ts";
import { RECORDED_USE } from "./recorded-use.ts";
import { declareSources, declareStacks, storeEvents } from "./stack-record.ts";

const SOURCES = 200;
const STACKS = 10;
const ROUNDS = 10;
const RELEASES = 2;
const CYCLES = 30;
const TICKS = 10;

/** Sources of a deployment whose cron is measured. */
const MANY = 10_000;

/** Dollars a thousand stacks, a month, beside the subscription. */
const WANTED_A_THOUSAND = 5;

/** What the documented figures were computed from may be off by so much before they are computed anew. */
const DRIFT = 1.25;

export const FLEETS = [100, 1000, 10_000] as const;

export const cost: Bench = {
  name: "cost",
  about: `a month's bill by measured usage and the prices of ${PRICES_OF}, and what the plans hold`,
  async run(progress) {
    const { use, claimCpuMs } = await measure(progress);
    const claim = {
      name: `CPU of the cron that claims ${MANY} sources`,
      value: rounded(claimCpuMs),
      unit: "ms",
      wanted: CPU_MS,
      ok: claimCpuMs <= CPU_MS,
    };
    return [...told(use), claim, ...bills(use, ASSUMPTIONS), ...plans(use, ASSUMPTIONS), ...assumed(ASSUMPTIONS)];
  },
};

async function measure(progress: (line: string) => void): Promise<{ use: UnitUse; claimCpuMs: number }> {
  const feeds = await startFeedServer();
  const edge = await startMeasuredEdge().catch((error: unknown) => {
    feeds.close();
    throw error;
  });
  try {
    const order = <T>(path: string, body: unknown) => ordered<T>(edge, path, body);
    const ticks = (told: TicksOrder) => order<TicksReport>("ticks", told);
    // A Worker that has just started takes longer, which would hide what the sources' rows cost.
    await ticks({ due: false, times: TICKS });
    const none = await ticks({ due: false, times: TICKS });
    const tick = each(none.answer.d1, TICKS, none.cpuMs);
    await order<PollReport>("polls", { declare: { base: feeds.url, from: 0, to: SOURCES, stacks: STACKS }, rounds: 1 });
    progress(`${SOURCES} sources declared and polled once`);
    const unchanged = async (batch: number) => {
      const { answer, cpuMs } = await order<PollReport>("polls", { rounds: ROUNDS, batch });
      return each(answer.d1, SOURCES * ROUNDS, cpuMs);
    };
    const polls = { large: await unchanged(ASSUMPTIONS.pollBatch), small: await unchanged(FREE_BATCH) };
    progress(`${2 * SOURCES * ROUNDS} unchanged polls`);
    feeds.busy(true);
    const changed = await order<PollReport>("polls", { rounds: RELEASES });
    progress(`${SOURCES * RELEASES} releases taken in`);
    const stack = "cost";
    const eventIds = Array.from({ length: CYCLES }, (_, i) => `cost:${i}`);
    await edge.changeRecord((record) => {
      declareStacks(record, [stack]);
      storeEvents(record, stack, eventIds);
      declareSources(record, MANY - SOURCES);
    });
    const cycles = await order<CycleReport>("cycles", { stacks: [{ id: stack, eventIds }] });
    const cpuACommand = cycles.cpuMs / cycles.answer.commands;
    const idle = await ticks({ due: false, times: TICKS });
    const look = each(less(each(idle.answer.d1, TICKS, idle.cpuMs), tick), MANY);
    const claim = async (batch: number) => {
      const { answer, cpuMs } = await ticks({ due: true, times: 1, batch });
      if (answer.claimed !== MANY) throw new Error(`of ${MANY} due sources ${answer.claimed} were claimed`);
      progress(`${MANY} sources claimed in batches of ${batch}, ${Math.round(cpuMs)} ms of CPU time`);
      return { whole: cpuMs, of: each(less(each(answer.d1, 1, cpuMs), tick), MANY) };
    };
    const claims = { large: await claim(ASSUMPTIONS.pollBatch), small: await claim(FREE_BATCH) };
    const large = sum(polls.large, less(claims.large.of, look));
    const small = sum(polls.small, less(claims.small.of, look));
    // Both have a poll's part whole, and a batch's by its size.
    const batch = each(less(small, large), 1 / FREE_BATCH - 1 / ASSUMPTIONS.pollBatch);
    return {
      claimCpuMs: claims.large.whole,
      use: {
        poll: less(large, each(batch, ASSUMPTIONS.pollBatch)),
        batch,
        tick,
        look,
        release: each(changed.answer.d1, SOURCES * RELEASES, changed.cpuMs),
        attempt: ofCommands(cycles.answer, ["claim", "result"], cpuACommand),
        heartbeat: ofCommands(cycles.answer, ["heartbeat"], cpuACommand),
      },
    };
  } finally {
    feeds.close();
    await edge.remove();
  }
}

async function ordered<T>(edge: MeasuredEdge, what: string, body: unknown): Promise<{ answer: T; cpuMs: number }> {
  const before = edge.usage()?.cpuMs ?? 0;
  const answer = (await (await edge.post(`/measure/${what}`, body)).json()) as T;
  return { answer, cpuMs: (edge.usage()?.cpuMs ?? 0) - before };
}

function each(count: Pick<Asked, "rowsRead" | "rowsWritten">, of: number, cpuMs: number): Asked;
function each(asked: Asked, of: number): Asked;
function each(count: Pick<Asked, "rowsRead" | "rowsWritten"> & Partial<Asked>, of: number, cpuMs = count.cpuMs ?? 0) {
  return { rowsRead: count.rowsRead / of, rowsWritten: count.rowsWritten / of, cpuMs: cpuMs / of };
}

function sum(a: Asked, b: Asked): Asked {
  return {
    rowsRead: a.rowsRead + b.rowsRead,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    cpuMs: a.cpuMs + b.cpuMs,
  };
}

/** Where times are so close that noise turns them round, there is no difference. */
function less(a: Asked, b: Asked): Asked {
  const field = (name: keyof Asked): number => Math.max(0, a[name] - b[name]);
  return { rowsRead: field("rowsRead"), rowsWritten: field("rowsWritten"), cpuMs: field("cpuMs") };
}

function ofCommands(report: CycleReport, kinds: readonly CommandKind[], cpuMs: number): UnitUse["attempt"] {
  const sum = { rowsRead: 0, rowsWritten: 0, cpuMs: 0, objectMs: 0 };
  for (const kind of kinds) {
    const { d1, milliseconds } = report.kinds[kind];
    const count = milliseconds.length;
    sum.rowsRead += d1.rowsRead / count;
    sum.rowsWritten += d1.rowsWritten / count;
    sum.cpuMs += cpuMs;
    sum.objectMs += quantile(milliseconds, 0.5);
  }
  return sum;
}

/** Measured, beside what the documents were computed from. */
function told(use: UnitUse): BenchResult[] {
  return (Object.keys(use) as (keyof UnitUse)[]).flatMap((unit) =>
    (Object.keys(use[unit]) as (keyof Asked)[]).map((field): BenchResult => {
      const value = use[unit][field];
      const baseline = RECORDED_USE[unit][field];
      // Times are of this machine; rows are the same everywhere.
      const held = field === "rowsRead" || field === "rowsWritten";
      const ratio = baseline === 0 ? undefined : rounded(value / baseline);
      return {
        name: `${unit}: ${field}`,
        value: rounded(value),
        unit: "",
        baseline,
        ...(ratio === undefined ? {} : { ratio }),
        ...(held ? { wanted: DRIFT } : {}),
        ok: !held || value <= Math.max(baseline * DRIFT, 1),
      };
    }),
  );
}

function bills(use: UnitUse, assume: Assumptions): BenchResult[] {
  return FLEETS.flatMap((stacks): BenchResult[] => {
    const usage = usageOf(stacks, 30, use, assume);
    const { lines, beyond, total } = bill(usage);
    const aThousand = rounded((beyond / stacks) * 1000);
    return [
      { name: `${stacks} stacks: a month`, value: dollars(total), unit: "$", ok: true },
      {
        name: `${stacks} stacks: a thousand, beside the subscription`,
        value: dollars(aThousand),
        unit: "$",
        wanted: WANTED_A_THOUSAND,
        ok: aThousand < WANTED_A_THOUSAND,
      },
      ...METERS.map((meter) => ({
        name: `${stacks} stacks: ${meter} (${dollars(lines[meter])} $)`,
        value: rounded(usage[meter]),
        unit: "",
        ok: true,
      })),
    ];
  });
}

function plans(use: UnitUse, assume: Assumptions): BenchResult[] {
  const small = { ...assume, pollBatch: FREE_BATCH };
  const free = freePlan(use, small);
  const paid = paidPlan(use, assume);
  const row = (name: string, { stacks, first }: { stacks: number; first: Meter | undefined }): BenchResult => ({
    name: `${name} (then ${first ?? "nothing"})`,
    value: stacks,
    unit: "stacks",
    ok: true,
  });
  const cpu = rounded(FREE_BATCH * use.poll.cpuMs + use.batch.cpuMs);
  return [
    row("fit into the free plan", free),
    row("fit into the paid plan's subscription", paid),
    { name: `CPU of an invocation of ${FREE_BATCH} polls`, value: cpu, unit: "ms", wanted: FREE_CPU_MS, ok: true },
  ];
}

/** `PATCH_POLL_BATCH` on a free plan: 50 subrequests hold ten polls; what is left of first ones is tried again. */
export const FREE_BATCH = 10;

function assumed(assume: Assumptions): BenchResult[] {
  return Object.entries(assume).map(([name, value]) => ({ name: `assumed: ${name}`, value, unit: "", ok: true }));
}

function dollars(amount: number): number {
  return Math.round(amount * 100) / 100;
}
