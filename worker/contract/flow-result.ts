/**
 * What steps of flow packages end with, and how several of them make one outcome: the same rule for
 * packages that a runner runs and for the runs of a workspace backend.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CandidateRef } from "./attempt.ts";
import { Oid } from "./primitives.ts";

export const FlowStatus = z.enum(["skipped", "completed", "changed", "needs_intervention", "blocked", "failed"]);
export type FlowStatus = z.infer<typeof FlowStatus>;

/** What a step says: the object behind `FLOW_RESULT `, or what a module's default export returns. */
export const FlowResult = z.object({
  status: FlowStatus,
  message: z.string().max(100_000).optional(),
  artifacts: z.record(z.string(), z.unknown()).optional(),
});
export type FlowResult = z.infer<typeof FlowResult>;

/** One step of an attempt, as a runner reports it. */
export const FlowStepReport = z
  .strictObject({
    /** Name of the package. */
    flow: z.string().min(1).max(200),
    version: z.union([z.string().max(64), z.number()]),
    step: z.string().min(1).max(200),
    status: FlowStatus,
    message: z.string().max(4000),
    /** Absent when the step gave none, or more than a report may hold. */
    artifacts: z.record(z.string(), z.unknown()).optional(),
    artifactsTrimmed: z.literal(true).optional(),
    seconds: z.number(),
  })
  .openapi("FlowStepReport");
export type FlowStepReport = z.infer<typeof FlowStepReport>;

/** Any needs_intervention wins, then blocked, failed, changed; all skipped (or none at all) is skipped. */
export function combineStatuses(statuses: readonly FlowStatus[]): FlowStatus {
  for (const status of ["needs_intervention", "blocked", "failed", "changed"] as const)
    if (statuses.includes(status)) return status;
  return statuses.includes("completed") ? "completed" : "skipped";
}

const RefText = z.string().min(1).max(1024);

/** `sha` and `commit` are older names of `oid`. */
const RefObject = z.object({
  kind: CandidateRef.shape.kind.optional().catch(undefined),
  ref: RefText,
  oid: Oid.optional().catch(undefined),
  sha: Oid.optional().catch(undefined),
  commit: Oid.optional().catch(undefined),
});
const ArtifactRef = z.union([RefText, RefObject]);

export type NamedRef = Omit<CandidateRef, "oid"> & { oid?: string };

/**
 * The refs that artifacts name, under any of `candidateRefs`, `candidates` and `candidateRef`. Without an
 * `oid` it is only a name. What is no ref is left out: artifacts hold what their authors like.
 */
export function refsInArtifacts(artifacts: Readonly<Record<string, unknown>> | undefined): NamedRef[] {
  const { candidateRefs, candidates, candidateRef } = artifacts ?? {};
  return [candidateRefs, candidates, candidateRef].flat().flatMap((item) => {
    const parsed = ArtifactRef.safeParse(item);
    if (!parsed.success) return [];
    const given: z.output<typeof RefObject> = typeof parsed.data === "string" ? { ref: parsed.data } : parsed.data;
    const oid = given.oid ?? given.sha ?? given.commit;
    const kind = given.kind ?? kindOf(given.ref);
    const ref = kind === "branch" && !given.ref.startsWith("refs/") ? `refs/heads/${given.ref}` : given.ref;
    return [{ kind, ref, ...(oid === undefined ? {} : { oid }) }];
  });
}

function kindOf(ref: string): CandidateRef["kind"] {
  if (ref.startsWith("refs/tags/")) return "tag";
  return /^refs\/(?:pull|merge-requests)\//.test(ref) || ref.includes("://") ? "pull_request" : "branch";
}

/** Those whose object is known, each once, in the order in which they were told. */
export function mergeCandidates(refs: readonly NamedRef[]): CandidateRef[] {
  const merged = new Map<string, CandidateRef>();
  for (const { kind, ref, oid } of refs)
    if (oid !== undefined && !merged.has(`${kind} ${ref} ${oid}`))
      merged.set(`${kind} ${ref} ${oid}`, { kind, ref, oid });
  return [...merged.values()];
}
