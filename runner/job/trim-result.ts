/**
 * Makes a result fit the size a callback may have: long texts are cut, facts never are.
 *
 * @module
 */
import { MAX_CALLBACK_BODY } from "../../worker/contract/primitives.ts";
import type { StackReport, VerifyResult } from "../../worker/contract/report.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";

/** What the callback's own fields and escapes may take. */
const ENVELOPE_BYTES = 4096;

/**
 * What may be cut, the least missed first: the range-diff can be made again from the two histories,
 * the output stands in the log.
 */
const STEPS: readonly { name: string; cut: (report: StackReport, limit: number) => StackReport }[] = [
  { name: "rangeDiff", cut: (report, limit) => ({ ...report, rangeDiff: keepEnds(report.rangeDiff, limit) }) },
  {
    name: "baseline",
    cut: (report, limit) =>
      report.baseline === undefined ? report : { ...report, baseline: cutOutput(report.baseline, limit) },
  },
  { name: "verify", cut: (report, limit) => ({ ...report, verify: cutOutput(report.verify, limit) }) },
  { name: "warnings", cut: (report, limit) => ({ ...report, warnings: report.warnings.slice(0, limit >> 9) }) },
];

const LIMITS = [65_536, 16_384, 2048, 0] as const;

/** The result, with as little cut as its size asks for; `report.trimmed` names what was. */
export function trimResult(result: AttemptResult, maxBytes = MAX_CALLBACK_BODY - ENVELOPE_BYTES): AttemptResult {
  if (result.report === undefined || bytes(result) <= maxBytes) return result;
  let report = result.report;
  const trimmed = new Set(report.trimmed);
  for (const limit of LIMITS)
    for (const step of STEPS) {
      const next = step.cut(report, limit);
      if (bytes(next) === bytes(report)) continue;
      trimmed.add(step.name);
      report = { ...next, trimmed: [...trimmed] };
      const fitting = { ...result, report };
      if (bytes(fitting) <= maxBytes) return fitting;
    }
  // Only the patch table is left, and that is never cut: the server refuses it and the file stays.
  return { ...result, report };
}

function cutOutput(results: readonly VerifyResult[], limit: number): VerifyResult[] {
  return results.map((result) => ({ ...result, outputTail: keepEnds(result.outputTail, limit) }));
}

/** The first quarter and the last three quarters of `limit` characters. */
export function keepEnds(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (limit <= 0) return "";
  const head = Math.floor(limit / 4);
  const tail = limit - head;
  return `${text.slice(0, head)}\n… ${text.length - limit} characters left out …\n${text.slice(-tail)}`;
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
