/**
 * A report of a stack without patches, for tests that are about something else.
 *
 * @module
 */
import type { StackReport } from "../report.ts";

/** @param more what the test is about, in place of what stands here */
export function emptyReport(stackId: string, more: Partial<StackReport> = {}): StackReport {
  const oid = (n: number): string => n.toString(16).padStart(40, "0");
  return {
    v: 1,
    stackId,
    branch: "patched",
    onto: { ref: "refs/tags/v1", oid: oid(1) },
    base: { oid: oid(2) },
    head: { oid: oid(3) },
    result: { oid: oid(4), tree: oid(5) },
    patches: [],
    counts: { carried: 0, adapted: 0, upstreamed: 0, empty: 0, dropped: 0, conflicted: 0 },
    rangeDiff: "",
    verify: [],
    drift: { commitsBehind: 0, daysBehind: 0 },
    warnings: [],
    timings: { fetch: 0, replay: 0, checkout: 0, verify: 0, push: 0 },
    ...more,
  };
}
