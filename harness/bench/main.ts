/**
 * `npm run bench [-- NAME] [--json]`: measures, and says what is not as it should be.
 *
 * A bench is a file of this folder that exports a {@link Bench} under its own name.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Bench, type BenchResult, machine } from "./bench.ts";

const NAMES = ["api", "stack", "engine", "intake"] as const;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const benches = await knownBenches();
const wanted = positionals[0];
const chosen = wanted === undefined ? benches : benches.filter(({ name }) => name === wanted);
if (chosen.length === 0 || positionals.length > 1) {
  process.stderr.write(`usage: npm run bench [-- NAME] [--json]\n`);
  for (const { name, about } of benches) process.stderr.write(`  ${name.padEnd(8)}${about}\n`);
  process.exit(2);
}
const documents = [];
for (const bench of chosen) {
  const before = machine();
  const results = await bench.run((line) => {
    if (process.stderr.isTTY || process.env.BENCH_PROGRESS !== undefined)
      process.stderr.write(`${bench.name}: ${line}\n`);
  });
  documents.push({ bench: bench.name, machine: before, results });
  if (values.json !== true) process.stdout.write(`${table(bench, before, results)}\n`);
  if (!results.every(({ ok }) => ok)) process.exitCode = 1;
}
// One bench is one document; all of them are a list.
if (values.json === true)
  process.stdout.write(`${JSON.stringify(wanted === undefined ? documents : documents[0], null, 2)}\n`);

/** Those of the benches that this tree has. */
async function knownBenches(): Promise<Bench[]> {
  const found: Bench[] = [];
  for (const name of NAMES) {
    const file = new URL(`./${name}.ts`, import.meta.url);
    if (!existsSync(file)) continue;
    const module = (await import(file.href)) as Partial<Record<string, Bench>>;
    const bench = module[name];
    if (bench !== undefined) found.push(bench);
  }
  return found;
}

function table(bench: Bench, on: string, results: readonly BenchResult[]): string {
  const rows = new Table({
    head: ["", bench.name, "value", "baseline", "ratio", "wanted"],
    style: { head: [], border: [] },
  });
  for (const { name, value, unit, baseline, ratio, wanted: limit, ok } of results)
    rows.push([ok ? "ok" : "NO", name, `${value} ${unit}`.trim(), baseline ?? "", ratio ?? "", limit ?? ""]);
  const missed = results.filter(({ ok }) => !ok).length;
  return `${rows.toString()}\n${on}\n${results.length - missed} as wanted or only told, ${missed} not`;
}
