/**
 * One process that plays seeds: those it is sent, or a mutant from the first seed until it is caught.
 *
 * @module
 */
import { MUTANTS } from "./mutants/catalogue.ts";
import { loadMutated } from "./mutants/loading.ts";
import { rememberEntityKinds } from "./query-builder.ts";
import type { Outcome } from "./world.ts";

/** What a member is told: to play seeds, one after another, until the first violation if it says so. */
export type Order = { from: number; count: number; trace: boolean; untilViolation: boolean };

/** What it answers. */
export type Report = { played: number; steps: number; violations: Outcome[]; traced: Outcome[] };

const [mutant] = process.argv.slice(2);
const chosen = MUTANTS.find(({ name }) => name === mutant);
if (mutant !== undefined && chosen === undefined) throw new Error(`no mutant is called '${mutant}'`);
if (chosen !== undefined) loadMutated(chosen);
rememberEntityKinds();

// One log line per fact is what operators read, not what a simulation prints.
for (const level of ["log", "warn", "error"] as const) console[level] = () => {};
// Only the few errors of violations are read, and those say what they must in their messages.
Error.stackTraceLimit = 0;

const { Theatre } = await import("./world.ts");
const theatre = new Theatre();

// Whoever ordered is gone, and nobody reads the rest.
process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void play(order).then((report) => process.send?.(report));
});

async function play({ from, count, trace, untilViolation }: Order): Promise<Report> {
  const report: Report = { played: 0, steps: 0, violations: [], traced: [] };
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await theatre.play(seed, trace);
    report.played++;
    report.steps += outcome.steps;
    if (trace) report.traced.push(outcome);
    if (outcome.violation === undefined) continue;
    // Played again for what led to it: the same seed has the same story.
    report.violations.push(trace || untilViolation ? outcome : await theatre.play(seed, true));
    if (untilViolation) break;
  }
  return report;
}
