/**
 * What a bench is, and how its numbers are told.
 *
 * @module
 */
import { cpus, loadavg } from "node:os";

export type BenchResult = {
  name: string;
  value: number;
  unit: string;
  /** The same measured for what it is compared with, in the same run. */
  baseline?: number;
  ratio?: number;
  /** The largest value, or the largest ratio where there is one, that is good enough. */
  wanted?: number;
  ok: boolean;
};

export type Bench = {
  name: string;
  about: string;
  /** Tells of its progress; what it returns is the whole outcome. */
  run: (progress: (line: string) => void) => BenchResult[] | Promise<BenchResult[]>;
};

/** Processor, Node and how busy the machine was. */
export function machine(): string {
  const processors = cpus();
  const [load = 0] = loadavg();
  return `${processors.length} x ${processors[0]?.model ?? "cpu"}, node ${process.version}, load ${load.toFixed(1)}`;
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Enough digits to compare, no more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
