/**
 * `node harness/intake/simulation/main.ts [--years 2000 --whole 60 --from 1]`: intake over so many
 * simulated repository-years, on every core: the first `--whole` of them by intake itself (SQL, parser,
 * crashes between writes), the others by its decisions on a model of the rest (see `model.ts`). Exit 1 on any violation, and when a mutant gets through unharmed.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { addTally, emptyTally, type Tally } from "./tally.ts";
import type { Count } from "./year.ts";
import type { Share } from "./years.ts";

/** Plenty to show what is missing. */
const CRIPPLED_YEARS = 15;

const { values } = parseArgs({
  options: {
    years: { type: "string", default: "2000" },
    whole: { type: "string", default: "60" },
    from: { type: "string", default: "1" },
  },
});
const years = Number.parseInt(values.years, 10);
const share: Share = {
  from: Number.parseInt(values.from, 10),
  years,
  wholeYears: Number.parseInt(values.whole, 10),
  crippledYears: CRIPPLED_YEARS,
  taken: new SharedArrayBuffer(4),
};
const startedAt = performance.now();
const sum = emptyTally();
const threads = Array.from({ length: Math.min(availableParallelism(), years) }, live);
await Promise.all(threads);

const seconds = (performance.now() - startedAt) / 1000;
const killed = Object.values(sum.mutants).filter(({ lost, doubled }) => lost + doubled > 0).length;
const survived = Object.keys(sum.mutants).length - killed;
for (const violation of sum.violations) say(violation);
say(
  `${sum.years} repository-years (${Math.min(share.wholeYears, years)} whole) in ${seconds.toFixed(0)} s on ${threads.length} threads: ${sum.ours.released} releases, ` +
    `${sum.moves} moved tags, ${sum.promotionsTold} of ${sum.promoted} bare tags that became releases, ` +
    `${sum.republishedTold} republished (${sum.republished} for certain), ${sum.polls} polls, ${sum.crashes} crashes`,
);
say(`ours: ${described(sum.ours)}`);
for (const [name, count] of Object.entries(sum.mutants)) say(`${name}: ${described(count)}`);
say(`${sum.years} seeds, ${sum.violations.length} violations`);
say(`${killed + survived} mutants, ${killed} killed, ${survived} survived`);
process.exitCode = sum.years === years && sum.violations.length === 0 && survived === 0 ? 0 : 1;

function live(): Promise<void> {
  const thread = new Worker(fileURLToPath(import.meta.resolve("./years.ts")), { workerData: share });
  return new Promise((resolve, reject) => {
    thread.on("message", (tally: Tally) => addTally(sum, tally));
    thread.once("error", reject);
    thread.once("exit", () => resolve());
  });
}

function described({ released, lost, doubled }: Count): string {
  return `lost ${lost} (${((100 * lost) / released).toFixed(2)} %), doubled ${doubled}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
