import { beforeAll, describe, expect, it, vi } from "vitest";
import { modelYear } from "./model.ts";
import { naiveCursors } from "./naive-cursors.ts";
import { CRIPPLED, simulateYear } from "./simulate.ts";
import { SqliteD1 } from "./sqlite-d1.ts";
import type { SimulationResult } from "./year.ts";

/** `node harness/intake/simulation/main.ts --years 2000` is the whole of it. */
const YEARS = 15;
const MODEL_YEARS = 2000;

/** Another part of the year's many every day; printed, so that a failure can be repeated. */
const FROM = Math.floor(Date.now() / 86_400_000) * 1000;

describe(`intake over ${YEARS} repository-years (seeds from ${FROM})`, () => {
  const results: SimulationResult[] = [];
  const d1 = new SqliteD1();

  beforeAll(async () => {
    for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
    for (let seed = FROM; seed < FROM + YEARS; seed++) results.push(await simulateYear(d1, seed));
  });

  it("loses nothing, doubles nothing, and sees every moved tag", () => {
    expect(results.flatMap(({ seed, violations }) => violations.map((line) => `seed ${seed}: ${line}`))).toEqual([]);
  });

  it(`nor do its decisions over ${MODEL_YEARS} more, with a model around them`, async () => {
    const violations: string[] = [];
    for (let seed = FROM; seed < FROM + MODEL_YEARS; seed++)
      for (const line of (await modelYear(seed)).violations) violations.push(`seed ${seed}: ${line}`);
    expect(violations).toEqual([]);
  });

  it("was no walk in the park", () => {
    expect(results.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(YEARS);
    expect(results.reduce((sum, { moves }) => sum + moves, 0)).toBeGreaterThan(YEARS);
    expect(results.reduce((sum, { promotionsTold }) => sum + promotionsTold, 0)).toBeGreaterThan(0);
  });

  it.each(CRIPPLED)("shows what is lost with %s", async (crippled) => {
    let violations = 0;
    for (let seed = FROM; seed < FROM + YEARS && violations === 0; seed++)
      violations += (await simulateYear(d1, seed, crippled)).violations.length;
    expect(violations).toBeGreaterThan(0);
  });

  it.each(naiveCursors().map((cursor) => cursor.name))("finds the cursor '%s' out", (name) => {
    const harm = results.reduce((sum, { naive }) => {
      const count = naive.get(name);
      return sum + (count === undefined ? 0 : count.lost + count.doubled);
    }, 0);
    expect(harm).toBeGreaterThan(0);
  });
});
