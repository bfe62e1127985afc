/**
 * What the record says, held against what Git says.
 *
 * @module
 */
import type { AttemptDetail, CandidateRef, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import type { StackReport } from "../../worker/contract/report.ts";
import { BRANCH } from "../upstream-life/life.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";
import { settled } from "./waiting.ts";

export const MAINTAINED = `refs/heads/${BRANCH}`;

/** The branch that an attempt produced. */
export function candidateOf(attempt: MaintenanceAttempt): CandidateRef | undefined {
  return attempt.candidates.find((candidate) => candidate.kind === "branch");
}

/** Subject to outcome, for every patch of the report. */
export function outcomes(report: StackReport | null): Record<string, string> {
  return Object.fromEntries((report?.patches ?? []).map((patch) => [patch.subject, patch.outcome]));
}

/** The candidate stands in the fork at the oid that was reported, with the tree and commits it must have. */
export async function candidateFacts(
  stage: Stage,
  facts: Facts,
  detail: AttemptDetail,
  wanted: { tag: string; tree: string; subjects: readonly string[] },
): Promise<void> {
  const candidate = candidateOf(detail.attempt);
  const name = `patch-moi/${detail.attempt.stackId}/${wanted.tag}`;
  facts.note("candidate", name, candidate?.ref.replace(/^refs\/heads\//, ""));
  const oid = await stage.life.forkRef(`refs/heads/${name}`);
  facts.note("candidate in the fork", candidate?.oid ?? "", oid);
  facts.note("reported result", oid ?? "", detail.report?.result?.oid);
  if (oid === undefined) return;
  stage.narrator.say("fork", `${name} is ${oid}`);
  facts.note("tree as git rebase gives it", wanted.tree, await stage.life.treeOf(oid));
  facts.note("commits", [...wanted.subjects], await stage.life.subjectsSince(wanted.tag, oid));
}

/** Lands the attempt's candidate and holds the maintained branch against it. */
export async function landed(stage: Stage, facts: Facts, attempt: MaintenanceAttempt): Promise<void> {
  const candidate = candidateOf(attempt);
  const landing = await stage.api.land(attempt.id);
  stage.narrator.say("operator", `lands ${attempt.id} as ${landing.id}`);
  const detail = await settled(stage, landing.id);
  facts.note(
    "landing",
    { operation: "land", status: "changed", lands: attempt.id },
    {
      operation: detail.attempt.operation,
      status: detail.attempt.status,
      lands: detail.attempt.landsAttemptId ?? null,
    },
  );
  const branch = await stage.life.forkRef(MAINTAINED);
  facts.note("maintained branch", candidate?.oid ?? "", branch);
  const record = (await stage.api.candidates(attempt.stackId)).find((known) => known.attemptId === attempt.id);
  facts.note("recorded as landed", true, record?.landedAt !== undefined);
  stage.narrator.say("fork", `${BRANCH} is ${branch ?? "gone"}`);
}
