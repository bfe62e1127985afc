/**
 * What execution surfaces say: to a hand-over, and when they are asked what became of it.
 *
 * @module
 */
import type { Reason } from "../../worker/contract/primitives.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import type { SurfaceRun } from "../../worker/contract/surface.ts";
import type { DispatchAnswer, StatusAnswer } from "../../worker/dispatch/driver.ts";
import type { Seen } from "../../worker/dispatch/hand-over.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Draft } from "./draft.ts";
import { requeue, retryAutomatically } from "./hand-out.ts";
import { settle } from "./runner.ts";
import { capabilitiesOf } from "./state.ts";
import { blockedWait, heldWait, iso } from "./timing.ts";

/** Longest wait that a surface may ask for: after a day a person looks. */
const LONGEST_WAIT_MS = 86_400_000;

/** How long a surface that could not be asked at the start deadline gets to answer, once. */
const SILENCE_MS = 5 * 60_000;

/** How long a surface that took the work may show no run for it: the work is then given to it again. */
const ABSENT_MS = 15 * 60_000;

const UNCLEAR = "dispatch_unclear";

/** The surface has answered the hand-over of that epoch. */
export function hearAnswer(draft: Draft, attempt: AttemptRow, epoch: number, answer: DispatchAnswer): AttemptRow {
  const waits = attempt.epoch === epoch && attempt.status === "dispatched";
  if (answer.kind === "taken") return taken(draft, attempt, epoch, answer.runs, waits);
  // Claimed, withdrawn or handed out anew meanwhile: what the surface did not take changes nothing.
  if (!waits) return attempt;
  switch (answer.kind) {
    case "nothing": {
      const reason = { code: "nothing_to_do", message: answer.message };
      return end(draft, attempt, { outcome: "skipped", reason, infrastructure: false, candidates: [] });
    }
    case "refused":
      return park(draft, attempt, "refused", answer.reason, undefined);
    case "later":
      return park(draft, attempt, "parked", answer.reason, answer.afterSeconds);
    case "unclear":
      return unclear(draft, attempt, answer.reason);
  }
}

function taken(
  draft: Draft,
  attempt: AttemptRow,
  epoch: number,
  runs: readonly SurfaceRun[],
  waits: boolean,
): AttemptRow {
  const clear = waits ? { outcome: null, reason: null } : {};
  draft.updateDispatch({ id: attempt.id, epoch }, { sentAt: draft.now, runs: [...runs], ...clear });
  const names = runs.map((run) => run.url ?? run.id).join(", ");
  const message = runs.length === 0 ? "the surface has it" : `the surface has it as ${names}`;
  draft.write({
    kind: "note",
    actor: actorOf(attempt),
    attemptId: attempt.id,
    epoch,
    reason: { code: "handed_over", message: message.slice(0, 4000) },
    data: { runs },
  });
  if (!waits) return attempt;
  const doubt = attempt.reason?.code === UNCLEAR;
  return draft.amend(attempt, { reason: doubt ? null : attempt.reason, blockedSince: null });
}

/** It did not take it: back out of its hands first, so that a late claim of this hand-out counts for nothing. */
function park(
  draft: Draft,
  attempt: AttemptRow,
  outcome: "refused" | "parked",
  reason: Reason,
  afterSeconds: number | undefined,
): AttemptRow {
  const blockedSince = attempt.blockedSince ?? draft.now;
  const wait =
    afterSeconds === undefined
      ? blockedWait(attempt.id, draft.nowMs - Date.parse(blockedSince))
      : heldWait(attempt.id, Math.min(LONGEST_WAIT_MS, Math.max(1, afterSeconds) * 1000));
  const notBefore = iso(draft.nowMs + wait);
  draft.updateDispatch(attempt, { status: "ended", outcome, reason, endedAt: draft.now });
  const queued = requeue(draft, attempt, actorOf(attempt), { code: "not_taken", message: reason.message });
  const message = `${reason.message}; it is handed over again at ${notBefore}`;
  return draft.transition(
    queued,
    "blocked",
    actorOf(attempt),
    { code: reason.code, message },
    { blockedSince, notBefore },
  );
}

function unclear(draft: Draft, attempt: AttemptRow, { message: why }: Reason): AttemptRow {
  if (attempt.reason?.code === UNCLEAR) return attempt;
  const message = `${why}; whether the surface has the work is not known: it is asked before anything is sent again`;
  const reason = { code: UNCLEAR, message };
  draft.updateDispatch(attempt, { outcome: "unclear", reason });
  draft.write({ kind: "note", actor: actorOf(attempt), attemptId: attempt.id, epoch: attempt.epoch, reason });
  return draft.amend(attempt, { reason });
}

/** The surface was asked. True when the attempt moved on by what it said. */
export function hearStatus(draft: Draft, attempt: AttemptRow, { answer, news, takenAt }: Seen): boolean {
  const { claims } = capabilitiesOf(attempt);
  if (attempt.status === "running") {
    if (claims) {
      // A runner of ours speaks for itself, as long as there is one.
      if (answer.kind !== "ended") return false;
      over(draft, attempt, "run_ended", `its run at the surface ended and has reported nothing: ${answer.message}`);
      return true;
    }
    if (answer.kind === "ended") end(draft, attempt, resultOf(answer), answer.runs);
    else if (news && "runs" in answer) noteRuns(draft, attempt, answer.runs);
    return answer.kind === "ended";
  }
  const late = attempt.deadlineAt !== null && attempt.deadlineAt <= draft.now;
  switch (answer.kind) {
    case "ended":
      if (claims)
        over(draft, attempt, "run_ended", `its run at the surface ended before it claimed: ${answer.message}`);
      else end(draft, attempt, resultOf(answer), answer.runs);
      return true;
    case "running":
      if (claims) return waiting(draft, attempt, answer.runs, news, late);
      begin(draft, attempt, answer.runs);
      return true;
    case "waiting":
      return waiting(draft, attempt, answer.runs, news, late);
    case "absent": {
      const lost = takenAt !== undefined && Date.parse(takenAt) + ABSENT_MS <= draft.nowMs;
      if (late || lost) over(draft, attempt, "not_started", "the surface has no run for it");
      return late || lost;
    }
    case "unknown": {
      if (!late || attempt.reason?.code === "surface_silent") return false;
      const message = `the start deadline has passed, and the surface could not be asked: ${answer.reason.message}`;
      extend(draft, attempt, { code: "surface_silent", message }, SILENCE_MS);
      return true;
    }
  }
}

/** Waits at the surface. Past the start deadline it gets as long once more: a second hand-out would wait there too. */
function waiting(
  draft: Draft,
  attempt: AttemptRow,
  runs: readonly SurfaceRun[],
  news: boolean,
  late: boolean,
): boolean {
  const noted = news ? noteRuns(draft, attempt, runs) : attempt;
  if (!late || noted.reason?.code === "still_waiting") return false;
  const message = "the start deadline has passed, but the surface still has it waiting; it gets as long once more";
  const { startSeconds } = draft.stack.config.policy.deadlines;
  extend(draft, noted, { code: "still_waiting", message }, startSeconds * 1000);
  return true;
}

function extend(draft: Draft, attempt: AttemptRow, reason: Reason, ms: number): void {
  draft.write({ kind: "note", actor: "clock", attemptId: attempt.id, epoch: attempt.epoch, reason });
  draft.amend(attempt, { reason, deadlineAt: iso(draft.nowMs + ms) });
}

function noteRuns(draft: Draft, attempt: AttemptRow, runs: readonly SurfaceRun[]): AttemptRow {
  return taken(draft, attempt, attempt.epoch, runs, attempt.status === "dispatched");
}

/** The hand-out came to nothing without any fault of the work's. */
function over(draft: Draft, attempt: AttemptRow, code: string, message: string): void {
  draft.updateDispatch(attempt, { status: "expired", reason: { code, message }, endedAt: draft.now });
  if (attempt.cancelRequested) {
    const cancelled = { code: "cancelled", message: `cancelled by an operator; ${message}` };
    draft.transition(attempt, "cancelled", actorOf(attempt), cancelled, { epoch: attempt.epoch + 1 });
    return;
  }
  retryAutomatically(draft, attempt, actorOf(attempt), { code, message });
}

/** A surface whose runs are read works on it. */
function begin(draft: Draft, attempt: AttemptRow, runs: readonly SurfaceRun[]): AttemptRow {
  const { attemptSeconds } = draft.stack.config.policy.deadlines;
  const running = draft.transition(attempt, "running", actorOf(attempt), null, {
    startedAt: attempt.startedAt ?? draft.now,
    deadlineAt: iso(draft.nowMs + attemptSeconds * 1000),
    blockedSince: null,
  });
  draft.updateDispatch(running, {
    status: "claimed",
    claimedAt: draft.now,
    ...(runs.length === 0 ? {} : { runs: [...runs] }),
    outcome: null,
    reason: null,
  });
  return running;
}

/** What the runs of such a surface made is the attempt's result, by the same rules as a runner's. */
function end(draft: Draft, attempt: AttemptRow, result: AttemptResult, runs: readonly SurfaceRun[] = []): AttemptRow {
  const running = attempt.status === "running" ? attempt : begin(draft, attempt, runs);
  if (runs.length > 0) draft.updateDispatch(running, { runs: [...runs] });
  return settle(draft, running, result, actorOf(attempt));
}

function resultOf({ result, message }: Extract<StatusAnswer, { kind: "ended" }>): AttemptResult {
  if (result !== undefined) return result;
  return { outcome: "failed", reason: { code: "no_result", message }, infrastructure: false, candidates: [] };
}

function actorOf(attempt: AttemptRow): string {
  return `surface:${attempt.surface?.driver ?? "unknown"}`;
}
