/**
 * Stack objects at work: commands a second through one and through fifty, requests to D1 for each
 * kind of command, and whether a long history makes a stack slower.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { type Bench, type BenchResult, quantile, rounded } from "./bench.ts";
import type { CommandKind, CycleOrder, CycleReport } from "./measure-orders.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";
import { declareStacks, fillHistory, storeEvents } from "./stack-record.ts";

/** Cycles of six commands: through one stack, and through each of the many. */
const ONE = 60;
const MANY = { stacks: 50, cycles: 4 } as const;

/** Ended attempts of the two stacks whose speed is compared, and turns of each. */
const HISTORY = { short: 10, long: 10_000 } as const;
const TURNS = 6;
const CYCLES_A_TURN = 10;

/** Requests to D1 that a command may take; a batch is one. */
const WANTED_REQUESTS: Partial<Record<CommandKind, number>> = {
  accept: 2,
  claim: 1,
  heartbeat: 0,
  result: 1,
  cancel: 1,
};
/** Twice the noise of a busy machine; growth with the history would show as a thousand. */
const FLAT = 1.25;

export const stack: Bench = {
  name: "stack",
  about: "commands a second through stack objects, and what each costs in D1",
  async run(progress) {
    const edge = await startMeasuredEdge();
    const many = Array.from({ length: MANY.stacks }, (_, i) => `many-${i}`);
    try {
      await edge.changeRecord((record) => prepare(record, many));
      progress(`stacks with ${HISTORY.short} and ${HISTORY.long} ended attempts written`);
      await drive(edge, "warm", 0, 10);
      const one = await drive(edge, "one", 0, ONE);
      progress(`one stack: ${one.commands} commands in ${one.milliseconds} ms`);
      const all = await driveAll(edge, {
        stacks: many.map((id) => ({ id, eventIds: eventsOf(id, 0, MANY.cycles) })),
      });
      progress(`${MANY.stacks} stacks: ${all.commands} commands in ${all.milliseconds} ms`);
      return [...throughput(one, all), ...costs(one), ...(await growth(edge, progress))];
    } finally {
      await edge.remove();
    }
  },
};

function prepare(record: DatabaseSync, many: readonly string[]): void {
  const ids = ["warm", "one", "short", "long", ...many];
  declareStacks(record, ids);
  for (const [id, attempts] of Object.entries(HISTORY)) fillHistory(record, id, attempts);
  for (const id of ids) storeEvents(record, id, eventsOf(id, 0, TURNS * CYCLES_A_TURN));
}

function eventsOf(stackId: string, from: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `bench:${stackId}:${from + i}`);
}

function drive(edge: MeasuredEdge, id: string, from: number, count: number): Promise<CycleReport> {
  return driveAll(edge, { stacks: [{ id, eventIds: eventsOf(id, from, count) }] });
}

async function driveAll(edge: MeasuredEdge, order: CycleOrder): Promise<CycleReport> {
  return (await (await edge.post("/measure/cycles", order)).json()) as CycleReport;
}

function throughput(one: CycleReport, all: CycleReport): BenchResult[] {
  const perSecond = (report: CycleReport) => rounded((report.commands / report.milliseconds) * 1000);
  const baseline = perSecond(one);
  const value = perSecond(all);
  return [
    { name: "one stack", value: baseline, unit: "commands/s", ok: true },
    {
      name: `${MANY.stacks} stacks at once`,
      value,
      unit: "commands/s",
      baseline,
      ratio: rounded(value / baseline),
      ok: true,
    },
  ];
}

function costs(one: CycleReport): BenchResult[] {
  return (Object.entries(one.kinds) as [CommandKind, CycleReport["kinds"][CommandKind]][]).flatMap(([kind, told]) => {
    const count = told.milliseconds.length;
    const requests = rounded(told.d1.requests / count);
    const wanted = WANTED_REQUESTS[kind];
    return [
      {
        name: `${kind}: requests to D1`,
        value: requests,
        unit: "",
        ...(wanted === undefined ? {} : { wanted }),
        // The first command of an object also loads its stack.
        ok: wanted === undefined || Math.round(requests) <= wanted,
      },
      { name: `${kind}: statements`, value: rounded(told.d1.statements / count), unit: "", ok: true },
      { name: `${kind}: rows read`, value: rounded(told.d1.rowsRead / count), unit: "rows", ok: true },
      { name: `${kind}: rows written`, value: rounded(told.d1.rowsWritten / count), unit: "rows", ok: true },
      { name: `${kind}: p50`, value: rounded(quantile(told.milliseconds, 0.5)), unit: "ms", ok: true },
    ];
  });
}

/** The two stacks in turn, so that what else the machine does meets both alike. */
async function growth(edge: MeasuredEdge, progress: (line: string) => void): Promise<BenchResult[]> {
  const took = { short: [] as number[], long: [] as number[] };
  const read = { short: 0, long: 0 };
  for (let turn = 0; turn < TURNS; turn++)
    for (const id of ["short", "long"] as const) {
      const report = await drive(edge, id, turn * CYCLES_A_TURN, CYCLES_A_TURN);
      took[id].push(report.milliseconds / report.commands);
      for (const kind of Object.values(report.kinds)) read[id] += kind.d1.rowsRead;
      progress(`turn ${turn + 1}, ${id} history: ${report.milliseconds} ms`);
    }
  const value = quantile(took.long, 0.5);
  const baseline = quantile(took.short, 0.5);
  const name = `a command after ${HISTORY.long} attempts, against ${HISTORY.short}`;
  return [
    compared(name, value, baseline, "ms"),
    compared(`rows read ${name.slice("a command ".length)}`, read.long, read.short, "rows"),
  ];
}

function compared(name: string, value: number, baseline: number, unit: string): BenchResult {
  const ratio = rounded(value / baseline);
  return { name, value: rounded(value), unit, baseline: rounded(baseline), ratio, wanted: FLAT, ok: ratio <= FLAT };
}
