/**
 * The tables of `docs/reference/limits.md` that are computed: what the plans hold, and what a month costs.
 *
 * @module
 */
import { FLEETS, FREE_BATCH } from "./cost.ts";
import { ASSUMPTIONS, bill, freePlan, paidPlan, type UnitUse, usageOf } from "./monthly-bill.ts";
import { FREE_A_DAY, METERS, type Meter, PAID } from "./plan-prices.ts";

const MINUTES = [5, 15, 60] as const;

const NAMES: Readonly<Record<Meter, string>> = {
  workerRequests: "Worker requests",
  cpuMilliseconds: "CPU time, ms",
  queueOperations: "queue operations",
  d1RowsRead: "D1 rows read",
  d1RowsWritten: "D1 rows written",
  d1Gigabytes: "D1 storage, GB",
  objectRequests: "object requests",
  objectGigabyteSeconds: "object time, GB-s",
  objectRowsWritten: "object rows written",
};

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const short = (value: number): string => {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} billion`;
  return value >= 1e6 ? `${(value / 1e6).toPrecision(3)} million` : whole(value);
};

/** Stacks, with a source each, that a plan holds. */
export function planTable(use: UnitUse): string {
  const row = (pollMinutes: number): string => {
    const free = freePlan(use, { ...ASSUMPTIONS, pollMinutes, pollBatch: FREE_BATCH });
    const paid = paidPlan(use, { ...ASSUMPTIONS, pollMinutes });
    const held = ({ stacks, first }: typeof free): string => {
      const polls = (stacks * ASSUMPTIONS.sourcesPerStack * 1440) / pollMinutes;
      return `${whole(stacks)} (${whole(polls)} polls a day) | ${first === undefined ? "" : NAMES[first]}`;
    };
    return `| ${pollMinutes} minutes | ${held(free)} | ${held(paid)} |`;
  };
  return [
    "| Polled every | Free plan | Ends first | Paid plan, nothing beside its 5 dollars | Ends first |",
    "| --- | --- | --- | --- | --- |",
    ...MINUTES.map(row),
  ].join("\n");
}

/** A month of the paid plan at the polling of {@link ASSUMPTIONS}. */
export function billTable(use: UnitUse): string {
  const months = FLEETS.map((stacks) => usageOf(stacks, 30, use, ASSUMPTIONS));
  const bills = months.map(bill);
  const meter = (name: Meter): string => {
    const cells = months.map((usage, i) => {
      const asked = name === "d1Gigabytes" ? usage[name].toFixed(2) : short(usage[name]);
      const price = bills[i]?.lines[name] ?? 0;
      return price === 0 ? asked : `${asked}: $${price.toFixed(2)}`;
    });
    return `| ${NAMES[name]} | ${short(PAID[name].included)} | ${cells.join(" | ")} |`;
  };
  const aThousand = bills.map(({ beyond }, i) => `$${((beyond / (FLEETS[i] ?? 1)) * 1000).toFixed(2)}`);
  return [
    `| A month | Included | ${FLEETS.map((stacks) => `${whole(stacks)} stacks`).join(" | ")} |`,
    "| --- | --- | --- | --- | --- |",
    ...METERS.map(meter),
    `| **Bill**, with the plan's $5 | | ${bills.map(({ total }) => `**$${total.toFixed(2)}**`).join(" | ")} |`,
    `| A thousand stacks, beside the $5 | | ${aThousand.join(" | ")} |`,
  ].join("\n");
}

/** Limits of a free day that count here, for the text around the tables. */
export function freeDay(): string {
  return Object.entries(FREE_A_DAY)
    .map(([meter, most]) => `${short(most)} ${NAMES[meter as Meter]}`)
    .join(", ");
}
