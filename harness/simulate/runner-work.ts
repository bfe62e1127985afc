/**
 * The Git work of one attempt as far as the record can see it: what is pushed, and what is told.
 *
 * @module
 */
import type { StackReport } from "../../worker/contract/report.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { emptyReport } from "../../worker/contract/testing/empty-report.ts";
import type { HandOut } from "../../worker/dispatch/driver.ts";
import type { Dice } from "./dice.ts";
import type { Forge } from "./forge.ts";
import type { Job } from "./runner-desk.ts";

/** What may come of maintenance work while things go wrong, and afterwards. */
const OUTCOMES = {
  rough: { changed: 8, completed: 2, skipped: 1, needs_intervention: 2, blocked: 2, failed: 1, crashed: 4 },
  kind: { changed: 8, completed: 2, skipped: 0, needs_intervention: 1, blocked: 0, failed: 0, crashed: 0 },
} as const;

/** Does the work and says what came of it. */
export function finish(job: Job, forge: Forge, head: string, dice: Dice, kind: boolean): AttemptResult {
  if (job.land !== undefined) return land(job.land, forge);
  if (job.promote !== undefined) return promote(job.promote, forge);
  const outcome = dice.weighted(kind ? OUTCOMES.kind : OUTCOMES.rough);
  const nothing = { infrastructure: false, candidates: [] };
  switch (outcome) {
    case "changed":
      return carry(job, forge, head);
    case "completed":
    case "skipped":
      return { ...nothing, outcome };
    case "crashed":
      return { ...nothing, outcome: "failed", infrastructure: true, reason: because("disk_full") };
    default:
      return { ...nothing, outcome, reason: because(`was_${outcome}`) };
  }
}

/** What a workspace's run made; it tells no more than that, and lands nothing. */
export function outcomeOf({ id, attemptId }: HandOut, forge: Forge, dice: Dice, kind: boolean): AttemptResult {
  const outcome = dice.weighted(kind ? OUTCOMES.kind : OUTCOMES.rough);
  const nothing = { infrastructure: false, candidates: [] };
  if (outcome === "completed" || outcome === "skipped") return { ...nothing, outcome };
  if (outcome === "crashed") return { ...nothing, outcome: "failed", reason: because("crashed") };
  if (outcome !== "changed") return { ...nothing, outcome, reason: because(`was_${outcome}`) };
  const oid = forge.commit();
  const ref = `workspace/${attemptId}/${id}`;
  forge.push(ref, undefined, oid);
  return { ...nothing, outcome, candidates: [{ kind: "branch", ref, oid }] };
}

/** What a runner says that was told to stop. */
export function stopped(): AttemptResult {
  return { outcome: "failed", infrastructure: true, reason: because("runner_stopped"), candidates: [] };
}

function carry({ attempt }: Job, forge: Forge, head: string): AttemptResult {
  const ref = `patch-moi/${attempt.stackId}/${attempt.tag ?? attempt.onto}`;
  const oid = forge.commit();
  if (!forge.push(ref, forge.read(ref), oid)) throw new Error("nobody else pushes within one instant");
  return {
    outcome: "changed",
    infrastructure: false,
    candidates: [{ kind: "branch", ref, oid }],
    report: report(attempt.stackId, forge.branch, head, oid),
  };
}

/** Moves the branch; one that stands there already was moved by the same landing before. */
function land({ oid, expectedOid }: { oid: string; expectedOid: string }, forge: Forge): AttemptResult {
  const moved = forge.head === oid || forge.push(forge.branch, expectedOid, oid);
  if (!moved)
    return { outcome: "needs_intervention", infrastructure: false, reason: because("branch_moved"), candidates: [] };
  const landed = { branch: forge.branch, from: expectedOid, to: oid };
  return { outcome: "changed", infrastructure: false, candidates: [], landed };
}

/** Moves a channel from where the record, or a promotion that nobody heard of, has put it. */
function promote({ ref, oid, expectedOids }: NonNullable<Job["promote"]>, forge: Forge): AttemptResult {
  const stands = forge.read(ref);
  const may = stands === undefined || expectedOids.includes(stands);
  if (stands !== oid && !(may && forge.push(ref, stands, oid)))
    return { outcome: "failed", infrastructure: false, reason: because("channel_moved"), candidates: [] };
  return { outcome: "changed", infrastructure: false, candidates: [{ kind: "branch", ref, oid }] };
}

function because(code: string) {
  return { code, message: code.replaceAll("_", " ") };
}

function report(stackId: string, branch: string, head: string, result: string): StackReport {
  const onto = { ref: "refs/tags/v1", oid: head };
  return emptyReport(stackId, {
    branch,
    onto,
    base: { oid: head },
    head: { oid: head },
    result: { oid: result, tree: result },
  });
}
