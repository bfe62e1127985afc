/**
 * `npm run simulate -- --seeds N [--from S] [--trace] [--no-mutants | --mutants-only]`: plays the real object,
 * store and intake under random faults, and the mutants that it must catch.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CREW_SIZE, playMutant, playSeeds } from "./crew.ts";
import { MUTANTS } from "./mutants/catalogue.ts";
import { type Caught, mutantTable, violationText } from "./telling.ts";

/** Seeds that a mutant may survive before it counts as not caught. */
const MUTANT_SEEDS = 1500;

const USAGE = "usage: npm run simulate -- [--seeds N] [--from S] [--trace] [--no-mutants | --mutants-only]";

type Options = { seeds: number; from: number; trace: boolean; mutants: boolean };

async function main(): Promise<boolean> {
  const options = readOptions();
  const started = performance.now();
  const violations = options.seeds > 0 ? await seeds(options, started) : 0;
  const survived = options.mutants ? await mutants(options.from) : 0;
  return violations === 0 && survived === 0;
}

async function seeds({ seeds: count, from, trace }: Options, started: number): Promise<number> {
  const say = (text: string) => process.stdout.write(text);
  let [played, steps, violations] = [0, 0, 0];
  await playSeeds(from, count, trace, (report) => {
    played += report.played;
    steps += report.steps;
    violations += report.violations.length;
    for (const { lines } of report.traced) say(`${lines.join("\n")}\n`);
    if (process.stderr.isTTY) process.stderr.write(`\r${played} of ${count} seeds, ${seconds(started)} s `);
    for (const outcome of report.violations) say(violationText(outcome));
  });
  if (process.stderr.isTTY) process.stderr.write("\n");
  const took = (performance.now() - started) / 1000;
  say(
    `${steps} steps in ${took.toFixed(1)} s in ${CREW_SIZE} processes: ${(played / took).toFixed(1)} seeds a second\n`,
  );
  say(`${played} seeds, ${violations} violations\n`);
  return violations;
}

async function mutants(from: number): Promise<number> {
  const caught: Caught[] = [];
  const left = [...MUTANTS];
  const crew = Array.from({ length: CREW_SIZE }, async () => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const { played, violations } = await playMutant(mutant.name, from, MUTANT_SEEDS);
      caught.push({ name: mutant.name, seeds: played, by: violations[0]?.violation?.invariant });
    }
  });
  await Promise.all(crew);
  const survived = caught.filter(({ by }) => by === undefined).length;
  process.stdout.write(mutantTable(MUTANTS.flatMap(({ name }) => caught.filter((one) => one.name === name))));
  process.stdout.write(`${caught.length} mutants, ${caught.length - survived} killed, ${survived} survived\n`);
  return survived;
}

function readOptions(): Options {
  const number = (text: string | undefined, otherwise: number): number => {
    const value = text === undefined ? otherwise : Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`'${text}' is not a number of seeds`);
    return value;
  };
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      from: { type: "string" },
      trace: { type: "boolean", default: false },
      mutants: { type: "boolean", default: true },
      "mutants-only": { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const trace = values.trace;
  const count = number(values.seeds, trace ? 1 : 1000);
  // A trace is read by somebody who looks at one run.
  const mutants = values.mutants && !trace;
  return { seeds: values["mutants-only"] ? 0 : count, from: number(values.from, 1), trace, mutants };
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 2;
}
