import { expect, test } from "vitest";
import type { StackReport } from "../../worker/contract/report.ts";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { emptyReport } from "../../worker/contract/testing/empty-report.ts";
import { trimResult } from "./trim-result.ts";

const oid = "a".repeat(40);

function result(report: Partial<StackReport>): AttemptResult {
  return AttemptResult.parse({
    outcome: "needs_intervention",
    reason: { code: "verify_failed", message: "it failed" },
    report: emptyReport("web", { result: null, ...report }),
  });
}

const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const patch = { oid, subject: "s".repeat(500), author: "A", authoredAt: "now", outcome: "carried" as const };

test("what fits is not touched", () => {
  const small = result({ rangeDiff: "x".repeat(1000) });
  expect(trimResult(small)).toBe(small);
});

test("the range-diff goes first, and the report says so", () => {
  const verify = [{ command: "make", exitCode: 1, seconds: 1, outputTail: "o".repeat(30_000) }];
  const trimmed = trimResult(result({ rangeDiff: "x".repeat(2_000_000), verify }));
  expect(size(trimmed)).toBeLessThan(1024 * 1024);
  expect(trimmed.report?.trimmed).toEqual(["rangeDiff"]);
  expect(trimmed.report?.verify).toEqual(verify);
  expect(trimmed.report?.rangeDiff).toContain("characters left out");
});

test("output is counted in bytes, escapes and all, and cut at its middle", () => {
  const verify = [{ command: "make", exitCode: 1, seconds: 1, outputTail: `first${"\u0001".repeat(400_000)}last` }];
  const trimmed = trimResult(result({ verify }));
  expect(size(trimmed)).toBeLessThan(1024 * 1024);
  expect(trimmed.report?.trimmed).toEqual(["verify"]);
  expect(trimmed.report?.verify[0]?.outputTail).toMatch(/^first[\s\S]*last$/);
});

test("the table of patches is never cut", () => {
  const patches = Array.from({ length: 1200 }, () => patch);
  const trimmed = trimResult(result({ patches, rangeDiff: "x".repeat(2_000_000) }));
  expect(trimmed.report?.patches).toHaveLength(1200);
  expect(size(trimmed)).toBeLessThan(1024 * 1024);
});
