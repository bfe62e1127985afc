/**
 * `npm run bench [-- NAME] [--json]`: measures, and says what is not as it should be. Without a name: those that are
 * small enough to run often, compared with their last run, which `bench.json` keeps.
 *
 * A bench is a file of this folder that exports a {@link Bench} under its own name.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Bench, type BenchResult, machine } from "./bench.ts";
import { type BenchDocument, type Change, changesSince, keepRun } from "./last-run.ts";

const NAMES = ["api", "stack", "engine", "cold-start", "intake", "console", "cost", "fleet"] as const;

/** What takes a minute or two each. */
const SMALL: readonly string[] = ["intake", "console", "cost"] satisfies (typeof NAMES)[number][];

const LAST = fileURLToPath(new URL("../../bench.json", import.meta.url));

// Not strict: what is not known is answered with the usage, and not with a stack trace.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
const { json, help, ...unknown } = values;
const wanted = positionals[0];
const names = NAMES.filter((name) => existsSync(file(name)));
const chosen = names.filter((name) => (wanted === undefined ? SMALL.includes(name) : name === wanted));
if (help === true || chosen.length === 0 || positionals.length > 1 || Object.keys(unknown).length > 0) {
  const out = help === true ? process.stdout : process.stderr;
  out.write("usage: npm run bench [-- NAME] [--json]\n");
  for (const { name, about } of await loadAll(names)) out.write(`  ${name.padEnd(12)}${about}\n`);
  process.exit(help === true ? 0 : 2);
}
const documents: BenchDocument[] = [];
for (const bench of await loadAll(chosen)) {
  const before = machine();
  const results = await bench.run((line) => {
    if (process.stderr.isTTY || process.env.BENCH_PROGRESS !== undefined)
      process.stderr.write(`${bench.name}: ${line}\n`);
  });
  documents.push({ bench: bench.name, machine: before, results });
  if (json !== true) process.stdout.write(`${table(bench, before, results)}\n`);
  if (!results.every(({ ok }) => ok)) process.exitCode = 1;
}
if (wanted === undefined) {
  const changes = changesSince(LAST, documents);
  keepRun(LAST, documents);
  if (json !== true) process.stdout.write(toldChanges(changes));
}
// One bench is one document; several are a list.
if (json === true)
  process.stdout.write(`${JSON.stringify(wanted === undefined ? documents : documents[0], null, 2)}\n`);

/** Only what is asked for: a bench may need packages that others do not. */
function loadAll(some: readonly (typeof NAMES)[number][]): Promise<Bench[]> {
  return Promise.all(
    some.map(async (name) => {
      const module = (await import(file(name).href)) as Partial<Record<string, Bench>>;
      const bench = module[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
      if (bench === undefined) throw new Error(`harness/bench/${name}.ts exports no bench '${name}'`);
      return bench;
    }),
  );
}

function toldChanges(changes: Change[] | undefined): string {
  if (changes === undefined) return "kept in bench.json; the next run is compared with it\n";
  if (changes.length === 0) return "nothing moved by more than a quarter since the last run\n";
  const lines = changes.map(
    ({ bench, name, before, now, ratio }) => `  ${ratio}  ${bench}: ${name} (${before} to ${now})`,
  );
  return ["since the last run, by ratio:", ...lines, ""].join("\n");
}

function file(name: string): URL {
  return new URL(`./${name}.ts`, import.meta.url);
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
