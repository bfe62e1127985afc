/**
 * From what one poll, one release and one minute were measured to ask of the platform, to a month's bill and to what
 * fits into a plan. Pure.
 *
 * @module
 */
import { FREE_A_DAY, METERS, type Meter, PAID, PAID_SUBSCRIPTION, type Usage } from "./plan-prices.ts";

/** Rows in D1, and CPU time of the Worker. */
export type Asked = { rowsRead: number; rowsWritten: number; cpuMs: number };

/** What was measured. */
export type UnitUse = {
  /** One poll that is answered 304, with its part of the claim. */
  poll: Asked;
  /** What a batch of polls takes besides, from its claim to its end. */
  batch: Asked;
  /** One minute's cron when there are no sources. */
  tick: Asked;
  /** One source that is not due in one minute's cron. */
  look: Asked;
  /** One poll that finds a release and has a stack take it in. */
  release: Asked;
  /** One attempt from its claim to its result, without the heartbeats. */
  attempt: Asked & { objectMs: number };
  heartbeat: Asked & { objectMs: number };
};

/** What is not measured but said. */
export type Assumptions = {
  pollMinutes: number;
  sourcesPerStack: number;
  releasesPerStack: number;
  /** How long a runner works on a release, and how often it says that it is there, seconds. */
  workSeconds: number;
  heartbeatSeconds: number;
  /** Stacks that share one runner which waits for work all day. */
  stacksPerRunner: number;
  /** Of people and scripts, a month and stack: requests, and rows that each reads. */
  requestsPerStack: number;
  rowsPerRequest: number;
  requestCpuMs: number;
  megabytesPerStack: number;
  /** Sources in one message and invocation. */
  pollBatch: number;
};

export const ASSUMPTIONS: Assumptions = {
  pollMinutes: 5,
  sourcesPerStack: 1,
  releasesPerStack: 2,
  workSeconds: 600,
  heartbeatSeconds: 30,
  stacksPerRunner: 100,
  requestsPerStack: 100,
  rowsPerRequest: 60,
  requestCpuMs: 5,
  megabytesPerStack: 0.5,
  pollBatch: 100,
};

/** Written, read and deleted; more only for what comes back. */
const OPERATIONS_A_MESSAGE = 3;

/** A pull is held open so long, and looks for work so often in that time, seconds. */
const PULL = { seconds: 25, looks: 25 } as const;

/** An object is billed for 128 MB, whatever it takes. */
const OBJECT_GIGABYTES = 0.128;

/** Claim, result, accept, and the alarms in between. */
const OBJECT_CALLS_A_RELEASE = 6;

/** Rows that a heartbeat writes into the object's own storage: lease, answer, and the index of it. */
const OBJECT_ROWS_A_HEARTBEAT = 3;

/** What a deployment of so many stacks asks of the platform in so many days. */
export function usageOf(stacks: number, days: number, use: UnitUse, assume: Assumptions): Usage {
  const minutes = days * 1440;
  const sources = stacks * assume.sourcesPerStack;
  const polls = (sources * minutes) / assume.pollMinutes;
  // The claims of one minute share messages; each minute begins a new one.
  const messages = Math.max(polls / assume.pollBatch, Math.min(polls, minutes));
  const releases = (stacks * assume.releasesPerStack * days) / 30;
  const heartbeats = releases * (assume.workSeconds / assume.heartbeatSeconds);
  const pulls = (Math.ceil(stacks / assume.stacksPerRunner) * minutes * 60) / PULL.seconds;
  const requests = (stacks * assume.requestsPerStack * days) / 30;
  const d1 = (field: keyof Asked): number =>
    polls * use.poll[field] +
    messages * use.batch[field] +
    minutes * (use.tick[field] + sources * use.look[field]) +
    releases * (use.release[field] + use.attempt[field]) +
    heartbeats * use.heartbeat[field];
  return {
    workerRequests: minutes + messages + pulls + heartbeats + releases * 3 + requests,
    cpuMilliseconds: d1("cpuMs") + pulls * assume.requestCpuMs + requests * assume.requestCpuMs,
    queueOperations: messages * OPERATIONS_A_MESSAGE,
    d1RowsRead: d1("rowsRead") + pulls * (PULL.looks + 2) + requests * assume.rowsPerRequest,
    d1RowsWritten: d1("rowsWritten"),
    d1Gigabytes: (stacks * assume.megabytesPerStack) / 1000,
    objectRequests: releases * OBJECT_CALLS_A_RELEASE + heartbeats,
    objectGigabyteSeconds:
      ((releases * use.attempt.objectMs + heartbeats * use.heartbeat.objectMs) / 1000) * OBJECT_GIGABYTES,
    objectRowsWritten: heartbeats * OBJECT_ROWS_A_HEARTBEAT,
  };
}

export type Bill = { lines: Readonly<Record<Meter, number>>; beyond: number; total: number };

/** Dollars for a month of the paid plan; `beyond` is what is paid besides the subscription. */
export function bill(usage: Usage): Bill {
  const lines = Object.fromEntries(
    METERS.map((meter) => {
      const { included, each, unit } = PAID[meter];
      return [meter, (Math.max(0, usage[meter] - included) / unit) * each];
    }),
  ) as Record<Meter, number>;
  const beyond = Object.values(lines).reduce((sum, line) => sum + line, 0);
  return { lines, beyond, total: PAID_SUBSCRIPTION + beyond };
}

/** The largest number of stacks for which no limit is passed, and the meter that would be. */
function mostStacks(fits: (stacks: number) => Meter | undefined): { stacks: number; first: Meter | undefined } {
  let low = 0;
  let high = 1;
  while (fits(high) === undefined && high < 1e7) high *= 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle) === undefined) low = middle;
    else high = middle;
  }
  return { stacks: low, first: fits(low + 1) };
}

/** What the free plan's days hold. */
export function freePlan(use: UnitUse, assume: Assumptions): { stacks: number; first: Meter | undefined } {
  return mostStacks((stacks) => {
    const usage = usageOf(stacks, 1, use, assume);
    return METERS.find((meter) => usage[meter] > (FREE_A_DAY[meter] ?? Number.POSITIVE_INFINITY));
  });
}

/** What the paid plan's months hold before anything is paid beside the subscription. */
export function paidPlan(use: UnitUse, assume: Assumptions): { stacks: number; first: Meter | undefined } {
  return mostStacks((stacks) => {
    const usage = usageOf(stacks, 30, use, assume);
    return METERS.find((meter) => usage[meter] > PAID[meter].included);
  });
}
