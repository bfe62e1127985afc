/**
 * What many simulated years come to.
 *
 * @module
 */

import { CRIPPLED, simulateYear } from "./simulate.ts";
import type { SqliteD1 } from "./sqlite-d1.ts";
import type { Count, SimulationResult } from "./year.ts";

export type Tally = {
  years: number;
  ours: Count;
  /** Naive cursors, and intake with a part taken away, by name. */
  mutants: Record<string, Count>;
  violations: string[];
  moves: number;
  promoted: number;
  promotionsTold: number;
  republished: number;
  republishedTold: number;
  polls: number;
  crashes: number;
};

export function emptyTally(): Tally {
  return {
    years: 0,
    ours: noCount(),
    mutants: {},
    violations: [],
    moves: 0,
    promoted: 0,
    promotionsTold: 0,
    republished: 0,
    republishedTold: 0,
    polls: 0,
    crashes: 0,
  };
}

/** What one year came to. */
export function tallyOf(
  result: SimulationResult,
  mutants: Record<string, Count> = Object.fromEntries(result.naive),
): Tally {
  const { seed, ours, naive: _, violations: said, ...counts } = result;
  const violations = said.map((violation) => `seed ${seed}: ${violation}`);
  return { years: 1, ours, mutants, violations, ...counts };
}

/** One year of intake itself; with `crippled`, the same year also without each of the parts that intake needs. */
export async function tallyYear(d1: SqliteD1, seed: number, crippled: boolean): Promise<Tally> {
  const result = await simulateYear(d1, seed);
  const mutants = Object.fromEntries(result.naive);
  for (const part of crippled ? CRIPPLED : []) {
    const without = await simulateYear(d1, seed, part);
    // A moved tag that nobody noticed is a loss too.
    mutants[part] = { ...without.ours, lost: Math.max(without.ours.lost, without.violations.length) };
  }
  return tallyOf(result, mutants);
}

/** Adds `more` to `sum`. */
export function addTally(sum: Tally, more: Tally): void {
  addCount(sum.ours, more.ours);
  for (const [name, count] of Object.entries(more.mutants)) {
    sum.mutants[name] ??= noCount();
    addCount(sum.mutants[name], count);
  }
  sum.violations.push(...more.violations);
  for (const key of [
    "years",
    "moves",
    "promoted",
    "promotionsTold",
    "republished",
    "republishedTold",
    "polls",
    "crashes",
  ] as const)
    sum[key] += more[key];
}

function addCount(sum: Count, more: Count): void {
  for (const key of ["released", "lost", "doubled"] as const) sum[key] += more[key];
}

function noCount(): Count {
  return { released: 0, lost: 0, doubled: 0 };
}
