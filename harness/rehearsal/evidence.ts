/**
 * What the record says, held against what Git says.
 *
 * @module
 */
import type { AttemptDetail, CandidateRef, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { countsInWords, type StackReport } from "../../worker/contract/report.ts";
import { BRANCH } from "../upstream-life/life.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";
import { settled } from "./waiting.ts";

export const MAINTAINED = `refs/heads/${BRANCH}`;

/** The branch that an attempt produced. */
export function candidateOf(attempt: MaintenanceAttempt): CandidateRef | undefined {
  return attempt.candidates.find((candidate) => candidate.kind === "branch");
}

/** `2 carried, 1 upstreamed`: the counts of a report that are not 0. */
export function counted(report: StackReport | null): string {
  return report === null ? "no report" : countsInWords(report.counts);
}

/** What became of the patch with this subject. */
export function outcomeOf(report: StackReport | null, subject: string): string | undefined {
  return report?.patches.find((patch) => patch.subject === subject)?.outcome;
}

/** The candidate stands in the fork at the oid that was reported, with the tree and commits it must have. */
export async function candidateFacts(
  stage: Stage,
  facts: Facts,
  detail: AttemptDetail,
  wanted: { tag: string; tree: string; treeIs?: string; subjects: readonly string[] },
): Promise<void> {
  const candidate = candidateOf(detail.attempt);
  const name = `patch-moi/${detail.attempt.stackId}/${wanted.tag}`;
  facts.note("candidate", name, candidate?.ref.replace(/^refs\/heads\//, ""));
  const oid = await stage.life.forkRef(`refs/heads/${name}`);
  facts.note("candidate in the fork", candidate?.oid ?? "", oid);
  facts.note("reported result", oid ?? "", detail.report?.result?.oid);
  if (oid === undefined) return;
  stage.narrator.say("fork", `${name} is ${oid}`);
  facts.note(wanted.treeIs ?? "tree of git rebase", wanted.tree, await stage.life.treeOf(oid));
  const subjects = await stage.life.subjectsSince(wanted.tag, oid);
  facts.note("its commits", wanted.subjects.length, subjects.length);
  await stage.surface.reviewed?.(facts, name, oid);
  for (const [index, subject] of wanted.subjects.entries()) facts.note(`commit ${index + 1}`, subject, subjects[index]);
}

/** Lands the attempt's candidate and holds the maintained branch against it. */
export async function landed(stage: Stage, facts: Facts, attempt: MaintenanceAttempt): Promise<void> {
  if (stage.surface.land !== undefined) return stage.surface.land(stage, facts, attempt);
  const candidate = candidateOf(attempt);
  const landing = await stage.api.land(attempt.id);
  stage.narrator.say("operator", `lands ${attempt.id} as ${landing.id}`);
  const detail = await settled(stage, landing.id);
  facts.note("landing", "changed", detail.attempt.status);
  facts.note("lands", attempt.id, detail.attempt.landsAttemptId);
  const branch = await stage.life.forkRef(MAINTAINED);
  facts.note("maintained branch", candidate?.oid ?? "", branch);
  const record = (await stage.api.candidates(attempt.stackId)).find((known) => known.attemptId === attempt.id);
  facts.note("recorded as landed", true, record?.landedAt !== undefined);
  stage.narrator.say("fork", `${BRANCH} is ${branch ?? "gone"}`);
}
