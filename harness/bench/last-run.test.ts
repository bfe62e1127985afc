import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { BenchResult } from "./bench.ts";
import { type BenchDocument, changesSince, keepRun } from "./last-run.ts";

const folder = mkdtempSync(join(tmpdir(), "last-run-"));
const file = join(folder, "bench.json");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const document = (...values: [string, number][]): BenchDocument[] => [
  {
    bench: "b",
    machine: "m",
    results: values.map(([name, value]): BenchResult => ({ name, value, unit: "ms", ok: true })),
  },
];

it("tells what moved by more than a quarter since the run that was kept", () => {
  expect(changesSince(file, document(["a", 1]))).toBeUndefined();
  keepRun(file, document(["slower", 100], ["same", 100], ["faster", 100], ["was nothing", 0], ["gone", 1]));
  const now = document(["slower", 130], ["same", 120], ["faster", 50], ["was nothing", 9], ["new", 1]);
  expect(changesSince(file, now)).toEqual([
    { bench: "b", name: "slower", before: 100, now: 130, ratio: 1.3 },
    { bench: "b", name: "faster", before: 100, now: 50, ratio: 0.5 },
  ]);
  writeFileSync(file, "{ half");
  expect(changesSince(file, now)).toBeUndefined();
});
