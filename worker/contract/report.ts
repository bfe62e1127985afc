/**
 * The stack report: what became of every patch. In always equals kept plus explained.
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
  /** git's own stable name, lower case: `contents`, `modify/delete`, `rename/delete`, `binary`, … */
  kind: z.string(),
  upstreamCommits: z.array(UpstreamCommit),
  /** Oid of an earlier patch of the stack whose conflict this one follows from. */
  followsFrom: Oid.optional(),
});
export type PatchConflict = z.infer<typeof PatchConflict>;

export const PatchReport = z.strictObject({
  oid: Oid,
  subject: z.string(),
  author: z.string(),
  authoredAt: z.string(),
  /** `git patch-id --stable`; absent for a merge or an empty commit. */
  patchId: z.string().optional(),
  outcome: PatchOutcome,
  newOid: Oid.optional(),
  upstreamOid: Oid.optional(),
  note: z.string().optional(),
  conflicts: z.array(PatchConflict).optional(),
});
export type PatchReport = z.infer<typeof PatchReport>;

export const VerifyResult = z.strictObject({
  command: z.string(),
  exitCode: z.int(),
  seconds: z.number(),
  outputTail: z.string(),
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
    v: z.literal(1),
    stackId: Name,
    branch: z.string(),
    onto: z.strictObject({ ref: z.string(), oid: Oid, tagOid: Oid.optional() }),
    base: z.strictObject({ oid: Oid }),
    head: z.strictObject({ oid: Oid }),
    result: z.strictObject({ oid: Oid, tree: Oid }).nullable(),
    patches: z.array(PatchReport),
    counts: OutcomeCounts,
    rangeDiff: z.string(),
    verify: z.array(VerifyResult),
    baseline: z.array(VerifyResult).optional(),
    firstFailingPatch: Oid.optional(),
    drift: z.strictObject({ commitsBehind: z.int(), daysBehind: z.number() }),
    warnings: z.array(z.string()),
    /** Seconds. */
    timings: z.strictObject({
      fetch: z.number(),
      replay: z.number(),
      checkout: z.number(),
      verify: z.number(),
      push: z.number(),
    }),
    /** Names of fields whose text was shortened to fit the callback's limit. */
    trimmed: z.array(z.string()).optional(),
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
