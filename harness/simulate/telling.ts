/**
 * What a person reads of violations and mutants.
 *
 * @module
 */
import type { Outcome } from "./world.ts";

/** What became of a mutant: the invariant that caught it, and after how many seeds. */
export type Caught = { name: string; seeds: number; by: string | undefined };

/** Lines of the trace shown with a violation. */
const TAIL = 25;

export function violationText({ seed, faults, violation, lines }: Outcome): string {
  if (violation === undefined) return "";
  const { invariant, message, step } = violation;
  return [
    `seed ${seed}, step ${step}: ${invariant}`,
    `  ${message}`,
    `  faults: ${faults}`,
    ...lines.slice(-TAIL).map((line) => `  ${line}`),
    `  replay: npm run simulate -- --from ${seed} --trace`,
    "",
  ].join("\n");
}

export function mutantTable(caught: readonly Caught[]): string {
  const width = Math.max(...caught.map(({ name }) => name.length));
  const rows = caught.map(({ name, seeds, by }) => `${name.padEnd(width)}  ${(by ?? "SURVIVED").padEnd(34)}  ${seeds}`);
  return [`${"mutant".padEnd(width)}  ${"killed by".padEnd(34)}  seeds`, ...rows, ""].join("\n");
}
