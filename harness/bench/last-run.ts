/**
 * `bench.json`: what the benches gave, for the next run to be compared with.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type BenchResult, rounded } from "./bench.ts";

export type BenchDocument = { bench: string; machine: string; results: BenchResult[] };

const Documents = z.array(
  z.object({ bench: z.string(), results: z.array(z.object({ name: z.string(), value: z.number().nullable() })) }),
);

/** What has changed by more than this is told. Times of one machine move that much by themselves. */
const TOLD = 1.25;

export type Change = { bench: string; name: string; before: number; now: number; ratio: number };

/** What moved since the last run, by ratio; undefined where there was none that can be read. */
export function changesSince(file: string, documents: readonly BenchDocument[]): Change[] | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const parsed = Documents.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const before = new Map(
    parsed.data.flatMap(({ bench, results }) => results.map(({ name, value }) => [`${bench} ${name}`, value])),
  );
  return documents.flatMap(({ bench, results }) =>
    results.flatMap(({ name, value: now }) => {
      const then = before.get(`${bench} ${name}`);
      if (then == null || then <= 0) return [];
      const ratio = rounded(now / then);
      return ratio > TOLD || ratio < 1 / TOLD ? [{ bench, name, before: then, now, ratio }] : [];
    }),
  );
}

export function keepRun(file: string, documents: readonly BenchDocument[]): void {
  writeFileSync(file, `${JSON.stringify(documents, null, 2)}\n`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
