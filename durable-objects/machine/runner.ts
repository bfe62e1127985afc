/**
 * What runners tell: claims and results, and who among them still may.
 *
 * @module
 */
import { isMaintenance, isTerminal } from "../../worker/contract/attempt.ts";
import { mergeCandidates } from "../../worker/contract/flow-result.ts";
import type { AttemptResult, RunnerInfo } from "../../worker/contract/runner-wire.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { candidateId, type Draft } from "./draft.ts";
import { requeue, retryAutomatically } from "./hand-out.ts";
import { landAutomatically } from "./land.ts";
import { promoteAutomatically, promoted, restoreChannel } from "./promote.ts";
import { type Command, capabilitiesOf, type Late, type Refusal } from "./state.ts";
import { blockedWait, iso, LEASE_MS } from "./timing.ts";

/** First nonce wins; the same nonce gets the same answer. */
export function claim(
  draft: Draft,
  attempt: AttemptRow,
  epoch: number,
  nonce: string,
  runner: RunnerInfo,
): { attempt: AttemptRow; refused: Refusal | null } {
  if (isTerminal(attempt.status)) return { attempt, refused: closed(attempt) };
  if (epoch !== attempt.epoch) return { attempt, refused: fenced(attempt) };
  if (!capabilitiesOf(attempt).claims) return { attempt, refused: elsewhere(attempt) };
  if (attempt.status === "running") {
    if (attempt.nonce === nonce) return { attempt, refused: null };
    return { attempt, refused: { code: "already_claimed", message: `${attempt.id} is held by another claim` } };
  }
  if (attempt.status !== "dispatched") return { attempt, refused: fenced(attempt) };
  const { attemptSeconds } = draft.stack.config.policy.deadlines;
  const running = draft.transition(attempt, "running", `runner:${runner.name}`, null, {
    nonce,
    runner: { name: runner.name, version: runner.version },
    startedAt: attempt.startedAt ?? draft.now,
    leaseUntil: iso(draft.nowMs + LEASE_MS),
    deadlineAt: iso(draft.nowMs + attemptSeconds * 1000),
  });
  draft.updateDispatch(running, { status: "claimed", runner: runner.name, claimedAt: draft.now });
  return { attempt: running, refused: null };
}

/** Why a report of this epoch and nonce changes nothing; null when it counts. */
export function admit(attempt: AttemptRow, epoch: number, nonce: string): Refusal | null {
  if (epoch !== attempt.epoch || (attempt.nonce !== null && nonce !== attempt.nonce)) return fenced(attempt);
  if (isTerminal(attempt.status)) return closed(attempt);
  // The right epoch but not running: it went back to the queue, or nobody has claimed it.
  return attempt.status === "running" && attempt.nonce === nonce ? null : fenced(attempt);
}

/** Late results that an attempt's timeline keeps: a runner gone wild must not fill the journal. */
export const MAX_EVIDENCE = 20;

type ResultCommand = Extract<Command, { type: "result" }>;

const NOTHING_LATE: Late = { evidence: 0, standing: null };

/** The end of a runner's work, as the runner tells it. */
export function report(
  draft: Draft,
  attempt: AttemptRow,
  { epoch, nonce, result, late = NOTHING_LATE }: Pick<ResultCommand, "epoch" | "nonce" | "result" | "late">,
): { attempt: AttemptRow; refused: Refusal | null } {
  const actor = `runner:${attempt.runner?.name ?? "unknown"}`;
  const refused = admit(attempt, epoch, nonce);
  if (refused !== null) {
    const { evidence, standing } = late;
    if (evidence < MAX_EVIDENCE) {
      const last = evidence === MAX_EVIDENCE - 1 ? "; later ones are only logged" : "";
      const message = `late result '${result.outcome}' kept as evidence: ${refused.message}${last}`;
      const data = { outcome: result.outcome, candidates: result.candidates, reason: result.reason };
      draft.write({
        kind: "evidence",
        actor,
        attemptId: attempt.id,
        epoch,
        reason: { code: refused.code, message },
        data,
      });
      if (standing !== null) restoreChannel(draft, standing);
    }
    return { attempt, refused };
  }
  return { attempt: settle(draft, attempt, result, actor), refused: null };
}

/** The work of a running attempt is over, whoever says so. */
export function settle(draft: Draft, attempt: AttemptRow, result: AttemptResult, actor: string): AttemptRow {
  const { epoch } = attempt;
  draft.updateDispatch(attempt, { status: "ended", outcome: result.outcome, endedAt: draft.now });
  if (result.report !== undefined) {
    draft.report({ attemptId: attempt.id, epoch, report: result.report, at: draft.now });
  }
  if (result.steps !== undefined)
    draft.write({ kind: "note", actor, attemptId: attempt.id, epoch, data: { steps: result.steps } });
  // What was made stays, whatever came later; the newest first, which is the one to land.
  const candidates = mergeCandidates([...result.candidates, ...attempt.candidates]);
  const concluded = conclude(draft, { ...attempt, candidates }, result, actor);
  if (isTerminal(concluded.status) && isMaintenance(concluded.operation)) recordCandidates(draft, concluded);
  return concluded;
}

function conclude(draft: Draft, attempt: AttemptRow, result: AttemptResult, actor: string): AttemptRow {
  const reason = result.reason ?? null;
  const wasStopped = attempt.cancelRequested && !["changed", "completed", "skipped"].includes(result.outcome);
  if (wasStopped) {
    const message = "cancelled by an operator; the runner has stopped";
    return draft.transition(attempt, "cancelled", actor, { code: "cancelled", message });
  }
  switch (result.outcome) {
    case "changed":
      return changed(draft, attempt, result, actor);
    case "completed":
    case "skipped":
      return draft.transition(attempt, result.outcome, actor, reason, { blockedSince: null });
    case "needs_intervention":
      return draft.transition(attempt, "needs_intervention", actor, reason, { ...released, blockedSince: null });
    case "blocked":
      return block(draft, attempt, result, actor);
    case "failed":
      return failed(draft, attempt, result, actor);
  }
}

/** The claim is over; its nonce stays, so that the same report told again is recognised. */
const released = { leaseUntil: null, deadlineAt: null, cancelRequested: false } as const;

function changed(draft: Draft, attempt: AttemptRow, result: AttemptResult, actor: string): AttemptRow {
  const next = draft.transition(attempt, "changed", actor, result.reason ?? null, { blockedSince: null });
  if (next.operation === "land") {
    if (next.landsAttemptId !== null) draft.markLanded(next.landsAttemptId);
    const oid = result.landed?.to ?? result.candidates[0]?.oid;
    if (oid !== undefined)
      draft.stack.carried = {
        tag: next.tag ?? undefined,
        oid,
        landedAt: draft.now,
        attemptId: next.landsAttemptId ?? undefined,
      };
    return next;
  }
  if (next.operation === "promote") {
    promoted(draft, next, result);
    return next;
  }
  landAutomatically(draft, next, result.report?.head.oid);
  promoteAutomatically(draft, next);
  return next;
}

function recordCandidates(draft: Draft, next: AttemptRow): void {
  for (const [i, { kind, ref, oid }] of next.candidates.entries()) {
    draft.candidate({
      id: candidateId(next, i),
      stackId: next.stackId,
      attemptId: next.id,
      eventId: next.eventId,
      kind,
      ref,
      oid,
      tag: next.tag,
      createdAt: draft.now,
      landedAt: null,
    });
  }
}

function block(draft: Draft, attempt: AttemptRow, result: AttemptResult, actor: string): AttemptRow {
  const blockedSince = attempt.blockedSince ?? draft.now;
  const wait = blockedWait(attempt.id, draft.nowMs - Date.parse(blockedSince));
  return draft.transition(attempt, "blocked", actor, result.reason ?? null, {
    ...released,
    blockedSince,
    notBefore: iso(draft.nowMs + wait),
  });
}

function failed(draft: Draft, attempt: AttemptRow, result: AttemptResult, actor: string): AttemptRow {
  const reason = result.reason ?? { code: "failed", message: "the runner gave no reason" };
  if (!result.infrastructure) return draft.transition(attempt, "failed", actor, reason);
  // A runner that is switched off in good order hands its work back: no fault, no wait, no retry spent.
  if (reason.code === "runner_stopped") return requeue(draft, attempt, actor, reason);
  return retryAutomatically(draft, attempt, actor, reason);
}

function fenced(attempt: AttemptRow): Refusal {
  return { code: "fenced", message: `${attempt.id} has moved on to epoch ${attempt.epoch}` };
}

function elsewhere({ id, surface }: AttemptRow): Refusal {
  return { code: "forbidden", message: `${id} is worked on by '${surface?.driver}', not by a runner` };
}

function closed(attempt: AttemptRow): Refusal {
  return { code: "closed", message: `${attempt.id} has ended: ${attempt.status}` };
}
