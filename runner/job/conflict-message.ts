/**
 * Conflicts of a stack in one sentence.
 *
 * @module
 */
import type { PatchReport, StackReport } from "../../worker/contract/report.ts";

/** How many patches and paths a message names; the report has them all. */
const NAMED_PATCHES = 8;
const NAMED_PATHS = 5;

/** `the only patch conflicts`, `1 of 3 patches conflicts`, `2 of 3 patches conflict`, `both patches conflict`. */
export function conflictCount(conflicted: number, all: number): string {
  if (conflicted === 1) return all === 1 ? "the only patch conflicts" : `1 of ${all} patches conflicts`;
  if (conflicted === all) return all === 2 ? "both patches conflict" : `all ${all} patches conflict`;
  return `${conflicted} of ${all} patches conflict`;
}

/** What conflicts where, and how a person goes on. */
export function describeConflicts(report: StackReport, conflicted: readonly PatchReport[], attemptId: string): string {
  const named = conflicted.slice(0, NAMED_PATCHES).map((patch) => {
    const paths = [...new Set((patch.conflicts ?? []).map(({ path }) => path))];
    const more = paths.length > NAMED_PATHS ? ` and ${paths.length - NAMED_PATHS} more` : "";
    return `'${patch.subject}' in ${paths.slice(0, NAMED_PATHS).join(", ")}${more}`;
  });
  const rest = conflicted.length - named.length;
  const others = rest > 0 ? `; and ${rest} more ${rest === 1 ? "patch" : "patches"}` : "";
  return (
    `${conflictCount(conflicted.length, report.patches.length)} with ${report.onto.ref}: ${named.join("; ")}${others}. ` +
    `Run \`patch.moi resume ${attemptId} --local\`; or push a branch with ${report.onto.ref} and the resolved ` +
    `patches to the fork, then: patch.moi resume ${attemptId} --ref BRANCH --note TEXT`
  );
}
