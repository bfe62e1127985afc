/** What the reference says of plans and prices is what the computation says, from the usage that was recorded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ASSUMPTIONS, bill, usageOf } from "../bench/monthly-bill.ts";
import { METERS, PRICES_OF } from "../bench/plan-prices.ts";
import { billTable, freeDay, planTable } from "../bench/plan-tables.ts";
import { RECORDED_USE } from "../bench/recorded-use.ts";

const text = readFileSync(join(import.meta.dirname, "../../docs/reference/limits.md"), "utf8");
const unwrapped = text.replace(/\s+/g, " ");

it("docs/reference/limits.md has the tables as they are computed, the prices' date and the assumptions", () => {
  expect(text).toContain(planTable(RECORDED_USE));
  expect(text).toContain(billTable(RECORDED_USE));
  expect(unwrapped).toContain(freeDay());
  expect(unwrapped).toContain(PRICES_OF);
  for (const value of Object.values(ASSUMPTIONS)) expect(unwrapped).toMatch(new RegExp(`\\b${value}\\b`));
});

it("a bill is the subscription for what is included, and each meter's price for the rest", () => {
  const nothing = Object.fromEntries(METERS.map((meter) => [meter, 0])) as Record<(typeof METERS)[number], number>;
  expect(bill(nothing).total).toBe(5);
  expect(bill({ ...nothing, queueOperations: 3_500_000 }).total).toBe(6);
  expect(bill({ ...nothing, d1RowsWritten: 52e6, d1Gigabytes: 7 }).total).toBe(8.5);
});

it("twice the stacks poll twice as much, and half as often is half of it", () => {
  const none = { ...RECORDED_USE, tick: { rowsRead: 0, rowsWritten: 0, cpuMs: 0 } };
  const base = usageOf(1000, 30, none, ASSUMPTIONS);
  expect(usageOf(2000, 30, none, ASSUMPTIONS).d1RowsWritten).toBeCloseTo(2 * base.d1RowsWritten, 0);
  const calm = { ...ASSUMPTIONS, releasesPerStack: 0 };
  expect(usageOf(1000, 30, none, { ...calm, pollMinutes: 10 }).d1RowsWritten).toBeCloseTo(
    usageOf(1000, 30, none, calm).d1RowsWritten / 2,
    0,
  );
});
