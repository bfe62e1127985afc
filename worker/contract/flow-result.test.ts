import { expect, it } from "vitest";
import { combineStatuses, type FlowStatus, mergeCandidates, refsInArtifacts } from "./flow-result.ts";
import { StackConfig } from "./stack.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);

it.each<[FlowStatus[], FlowStatus]>([
  [[], "skipped"],
  [["skipped", "skipped"], "skipped"],
  [["skipped", "completed"], "completed"],
  [["completed", "changed", "skipped"], "changed"],
  [["changed", "failed"], "failed"],
  [["failed", "blocked", "changed"], "blocked"],
  [["blocked", "failed", "needs_intervention"], "needs_intervention"],
])("%j end %s", (statuses, whole) => {
  expect(combineStatuses(statuses)).toBe(whole);
  expect(combineStatuses(statuses.toReversed())).toBe(whole);
});

it("reads refs under every name and form that artifacts use", () => {
  const refs = refsInArtifacts({
    candidateRefs: [{ ref: "refs/heads/a", oid: A }, { ref: "refs/tags/v1", sha: B, remote: "origin" }, 7, null],
    candidates: [{ kind: "check", ref: "ci/1", commit: A }],
    candidateRef: "fix",
  });
  expect(refs).toEqual([
    { kind: "branch", ref: "refs/heads/a", oid: A },
    { kind: "tag", ref: "refs/tags/v1", oid: B },
    { kind: "check", ref: "ci/1", oid: A },
    { kind: "branch", ref: "refs/heads/fix" },
  ]);
  expect(refsInArtifacts(undefined)).toEqual([]);
  expect(refsInArtifacts({ candidateRefs: { ref: "x", oid: "not hex" } })).toEqual([
    { kind: "branch", ref: "refs/heads/x" },
  ]);
});

it("merges refs without duplicates, those without an object left out", () => {
  const one = { kind: "branch" as const, ref: "refs/heads/a", oid: A };
  expect(mergeCandidates([one, { ...one }, { ...one, oid: B }, { kind: "branch", ref: "refs/heads/c" }])).toEqual([
    one,
    { ...one, oid: B },
  ]);
});

it("a stack whose work is a flow may leave its repositories to the packages; a replay may not", () => {
  expect(StackConfig.parse({ policy: { work: "flow" } }).policy.work).toBe("flow");
  const refused = StackConfig.safeParse({ upstream: { url: "https://git.test.org/up" } });
  expect(refused.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`)).toEqual([
    "fork is missing",
    "branch is missing",
  ]);
});
