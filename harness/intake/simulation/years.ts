/**
 * A thread of the simulation: takes seeds from a counter that all threads share, and posts what each
 * year came to.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { modelYear } from "./model.ts";
import { SqliteD1 } from "./sqlite-d1.ts";
import { tallyOf, tallyYear } from "./tally.ts";

export type Share = {
  from: number;
  years: number;
  /** The first of them, by intake itself on SQLite; the others by its decisions on a model of the rest. */
  wholeYears: number;
  /** Years that are lived through without a part of intake as well. */
  crippledYears: number;
  /** How many seeds are taken. */
  taken: SharedArrayBuffer;
};

const { from, years, wholeYears, crippledYears, taken } = workerData as Share;
// One line for each of millions of facts.
for (const level of ["log", "warn", "error"] as const) console[level] = () => {};

const counter = new Int32Array(taken);
const d1 = new SqliteD1();
for (let i = Atomics.add(counter, 0, 1); i < years; i = Atomics.add(counter, 0, 1))
  parentPort?.postMessage(
    i < wholeYears ? await tallyYear(d1, from + i, i < crippledYears) : tallyOf(await modelYear(from + i)),
  );
