/**
 * The stack report: what became of every patch. In always equals kept plus explained.
 *
 * What fields mean is said with `describe`: the reference and the API document are made of it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Oid } from "./primitives.ts";

export const PatchOutcome = z.enum(["carried", "adapted", "upstreamed", "empty", "dropped", "conflicted"]);
export type PatchOutcome = z.infer<typeof PatchOutcome>;

export const UpstreamCommit = z.strictObject({ oid: Oid, subject: z.string() });
export type UpstreamCommit = z.infer<typeof UpstreamCommit>;

export const PatchConflict = z.strictObject({
  path: z.string(),
  kind: z.string().describe("git's own name: `contents`, `modify/delete`, `rename/delete`, `add/add`, `binary`, …"),
  upstreamCommits: z.array(UpstreamCommit).describe("commits of upstream's that met the patch there, 20 at most"),
  followsFrom: Oid.optional().describe("an earlier patch of the stack without whose absence this would not conflict"),
});
export type PatchConflict = z.infer<typeof PatchConflict>;

export const PatchReport = z.strictObject({
  oid: Oid.describe("the patch, as a commit of the maintained branch"),
  subject: z.string().describe("first line of its message"),
  author: z.string(),
  authoredAt: z.string(),
  patchId: z.string().optional().describe("`git patch-id --stable`; absent for a merge or an empty commit"),
  outcome: PatchOutcome.describe("what became of it"),
  newOid: Oid.optional().describe("its commit in the result; absent when it is not in the result"),
  upstreamOid: Oid.optional().describe("upstream's commit that is the same change, or of a conflict looks like it"),
  note: z.string().optional().describe("why it is not simply carried, in a sentence"),
  conflicts: z.array(PatchConflict).optional().describe("the paths that do not merge"),
});
export type PatchReport = z.infer<typeof PatchReport>;

export const VerifyResult = z.strictObject({
  command: z.string(),
  exitCode: z.int(),
  seconds: z.number(),
  outputTail: z.string().describe("the end of what it printed"),
});
export type VerifyResult = z.infer<typeof VerifyResult>;

/** Patches by what became of them. */
export const OutcomeCounts = z.strictObject({
  carried: z.int(),
  adapted: z.int(),
  upstreamed: z.int(),
  empty: z.int(),
  dropped: z.int(),
  conflicted: z.int(),
});
export type OutcomeCounts = z.infer<typeof OutcomeCounts>;

export const StackReport = z
  .strictObject({
    v: z.literal(1).describe("version of this format"),
    stackId: Name,
    branch: z.string().describe("the maintained branch"),
    onto: z
      .strictObject({
        ref: z.string().describe("as the event named it"),
        oid: Oid.describe("its commit"),
        tagOid: Oid.optional().describe("the tag's own object, where it is annotated"),
      })
      .describe("the new base"),
    base: z.strictObject({ oid: Oid }).describe("the commit of upstream's that the branch stood on"),
    head: z.strictObject({ oid: Oid }).describe("the branch's commit that was replayed"),
    result: z
      .strictObject({ oid: Oid, tree: Oid })
      .nullable()
      .describe("the last commit of the carried stack; null when a patch conflicts"),
    patches: z.array(PatchReport).describe("every patch between `base` and `head`, oldest first"),
    counts: OutcomeCounts.describe("patches by what became of them"),
    rangeDiff: z.string().describe("`git range-diff` of the stack before and after"),
    verify: z.array(VerifyResult).describe("the verify commands on the result, up to the first that failed"),
    baseline: z
      .array(VerifyResult)
      .optional()
      .describe("after a failure: the same commands on the new base alone, to tell whether upstream fails by itself"),
    firstFailingPatch: Oid.optional().describe("after a failure that is not upstream's: the first patch that fails"),
    drift: z
      .strictObject({
        commitsBehind: z.int().describe("commits from `base` to `onto`"),
        daysBehind: z.number().describe("days between these two"),
      })
      .describe("how far the branch had fallen behind"),
    warnings: z.array(z.string()).describe("what a person should know, in sentences"),
    timings: z
      .strictObject({
        fetch: z.number(),
        replay: z.number(),
        checkout: z.number(),
        verify: z.number(),
        push: z.number(),
      })
      .describe("seconds that each part of the work took"),
    trimmed: z.array(z.string()).optional().describe("fields whose text was shortened to fit the callback's limit"),
  })
  .openapi("StackReport");
export type StackReport = z.infer<typeof StackReport>;

/** Counts as words, in the order of the outcomes and without those that did not happen: `2 carried, 1 conflicted`. */
export function countsInWords(counts: OutcomeCounts): string {
  const told = PatchOutcome.options.flatMap((outcome) =>
    counts[outcome] > 0 ? [`${counts[outcome]} ${outcome}`] : [],
  );
  return told.join(", ") || "none";
}

export function conflictedPatches({ patches }: StackReport): PatchReport[] {
  return patches.filter((patch) => (patch.conflicts ?? []).length > 0);
}
