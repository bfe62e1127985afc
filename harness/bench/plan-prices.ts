/**
 * What Cloudflare's plans take and ask, as published; read on 28 November 2026. US dollars.
 *
 * - Workers, CPU and queues: https://developers.cloudflare.com/workers/platform/pricing/,
 *   https://developers.cloudflare.com/workers/platform/limits/, https://developers.cloudflare.com/queues/platform/pricing/
 * - D1: https://developers.cloudflare.com/d1/platform/pricing/
 * - Durable Objects: https://developers.cloudflare.com/durable-objects/platform/pricing/
 *
 * @module
 */

export const PRICES_OF = "28 November 2026";

/** What is counted and paid for. */
export const METERS = [
  "workerRequests",
  "cpuMilliseconds",
  "queueOperations",
  "d1RowsRead",
  "d1RowsWritten",
  "d1Gigabytes",
  "objectRequests",
  "objectGigabyteSeconds",
  "objectRowsWritten",
] as const;
export type Meter = (typeof METERS)[number];

/** Amounts of every meter. */
export type Usage = Readonly<Record<Meter, number>>;

/** Included in a month of the paid plan, and the price of a million more (of a gigabyte for storage). */
export const PAID: Readonly<Record<Meter, { included: number; each: number; unit: number }>> = {
  workerRequests: { included: 10e6, each: 0.3, unit: 1e6 },
  cpuMilliseconds: { included: 30e6, each: 0.02, unit: 1e6 },
  queueOperations: { included: 1e6, each: 0.4, unit: 1e6 },
  d1RowsRead: { included: 25e9, each: 0.001, unit: 1e6 },
  d1RowsWritten: { included: 50e6, each: 1, unit: 1e6 },
  d1Gigabytes: { included: 5, each: 0.75, unit: 1 },
  objectRequests: { included: 1e6, each: 0.15, unit: 1e6 },
  objectGigabyteSeconds: { included: 400_000, each: 12.5, unit: 1e6 },
  objectRowsWritten: { included: 50e6, each: 1, unit: 1e6 },
};

/** Of the paid plan itself, a month. */
export const PAID_SUBSCRIPTION = 5;

/** What the free plan takes in a day; what has no daily limit there is not named. Storage is the whole. */
export const FREE_A_DAY: Readonly<Partial<Record<Meter, number>>> = {
  workerRequests: 100_000,
  queueOperations: 10_000,
  d1RowsRead: 5e6,
  d1RowsWritten: 100_000,
  objectRequests: 100_000,
  objectGigabyteSeconds: 13_000,
  objectRowsWritten: 100_000,
};

/** Subrequests that one invocation may make. */
export const SUBREQUESTS = { free: 50, paid: 10_000 } as const;

/** CPU time of one invocation on the free plan, and of one that is not configured otherwise on the paid plan, milliseconds. */
export const FREE_CPU_MS = 10;
export const CPU_MS = 30_000;
