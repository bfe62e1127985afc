/**
 * `node harness/intake/simulation/main.ts [--years 2000 --from 1]`: intake over so many simulated
 * repository-years. Exit 1 on any violation, and when a naive cursor gets through unharmed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Count, CRIPPLED, simulateYear } from "./simulate.ts";
import { SqliteD1 } from "./sqlite-d1.ts";

const { values } = parseArgs({
  options: { years: { type: "string", default: "2000" }, from: { type: "string", default: "1" } },
});
const years = Number.parseInt(values.years, 10);
const from = Number.parseInt(values.from, 10);
console.log = () => {};
console.warn = () => {};
console.error = () => {};

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const share = ({ released, lost, doubled }: Count): string =>
  `lost ${lost} (${((100 * lost) / released).toFixed(2)} %), doubled ${doubled}`;

const ours: Count = { released: 0, lost: 0, doubled: 0 };
const naive = new Map<string, Count>();
const d1 = new SqliteD1();
let violations = 0;
let polls = 0;
let crashes = 0;
let moves = 0;
for (let seed = from; seed < from + years; seed++) {
  const result = await simulateYear(d1, seed);
  add(ours, result.ours);
  for (const [name, count] of result.naive) {
    const sum = naive.get(name) ?? { released: 0, lost: 0, doubled: 0 };
    add(sum, count);
    naive.set(name, sum);
  }
  // A tenth of the years is plenty to show what is missing.
  for (const crippled of seed % 10 === from % 10 ? CRIPPLED : []) {
    const without = await simulateYear(d1, seed, crippled);
    // A moved tag that nobody noticed is a loss too.
    const count = { ...without.ours, lost: Math.max(without.ours.lost, without.violations.length) };
    const sum = naive.get(crippled) ?? { released: 0, lost: 0, doubled: 0 };
    add(sum, count);
    naive.set(crippled, sum);
  }
  for (const line of result.violations) say(`seed ${seed}: ${line}`);
  violations += result.violations.length;
  polls += result.polls;
  crashes += result.crashes;
  moves += result.moves;
}
const killed = [...naive.values()].filter((count) => count.lost + count.doubled > 0).length;
say(`${years} repository-years, ${ours.released} releases, ${moves} moved tags, ${polls} polls, ${crashes} crashes`);
say(`ours: ${share(ours)}`);
for (const [name, count] of naive) say(`${name}: ${share(count)}`);
say(`${years} seeds, ${violations} violations`);
say(`${naive.size} mutants, ${killed} killed, ${naive.size - killed} survived`);
process.exitCode = violations === 0 && killed === naive.size ? 0 : 1;

function add(sum: Count, more: Count): void {
  sum.released += more.released;
  sum.lost += more.lost;
  sum.doubled += more.doubled;
}
