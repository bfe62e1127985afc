/**
 * A decision in the making: the state as it changes, and everything that has to be written for it.
 *
 * @module
 */
import {
  type AttemptOperation,
  type AttemptStatus,
  isTerminal,
  type TerminalStatus,
} from "../../worker/contract/attempt.ts";
import type { PastAttempt } from "../../worker/contract/history.ts";
import { labelSet } from "../../worker/contract/label-set.ts";
import type { Reason } from "../../worker/contract/primitives.ts";
import { type NotifyEvent, NotifyEvent as NotifyEvents, NotifyTarget } from "../../worker/contract/stack.ts";
import type { SurfaceEffect } from "../../worker/dispatch/hand-over.ts";
import type { CommentPlace } from "../../worker/forges/forge.ts";
import type { Notification } from "../../worker/notify/message.ts";
import type { ReviewEffect } from "../../worker/review/perform-review.ts";
import type { AttemptRow, CandidateRow, DispatchRow, OutboxRow, ReportRow } from "../../worker/store/rows.ts";
import { leavesAt } from "./quiet-hours.ts";
import {
  type Changes,
  capabilitiesOf,
  type Decision,
  type DispatchUpdate,
  type IncomingEvent,
  type JournalEntry,
  type Refusal,
  type StackState,
} from "./state.ts";
import { iso, nextActionAt } from "./timing.ts";

export class Draft {
  /** Milliseconds since the epoch, and the same as text. */
  readonly nowMs: number;
  readonly now: string;
  readonly stack: StackState;
  private readonly changed = new Map<string, AttemptRow>();
  private readonly journal: JournalEntry[] = [];
  private readonly dispatches: DispatchRow[] = [];
  private readonly dispatchUpdates: DispatchUpdate[] = [];
  private readonly candidates: CandidateRow[] = [];
  private readonly landed: string[] = [];
  private readonly reports: ReportRow[] = [];
  private readonly accepted: string[] = [];
  private readonly outbox: OutboxRow[] = [];
  private readonly redriven: string[] = [];

  constructor(state: StackState, nowMs: number) {
    this.stack = { ...state };
    this.nowMs = nowMs;
    this.now = iso(nowMs);
  }

  /** An open attempt as it stands in this draft. */
  openAttempt(id: string): AttemptRow | undefined {
    return this.stack.open.find((a) => a.id === id);
  }

  /** A new attempt in the state given; it ends at once when that state is terminal. */
  create(
    event: IncomingEvent,
    operation: AttemptOperation,
    status: "queued" | "blocked" | "skipped" | "needs_intervention",
    actor: string,
    more: { reason?: Reason; relatedAttemptId?: string; landsAttemptId?: string; tell?: NotifyEvent } & Partial<
      Pick<AttemptRow, "channel" | "candidateId" | "deadlineAt" | "notBefore">
    > = {},
  ): AttemptRow {
    const number = this.stack.attemptCount + 1;
    const attempt: AttemptRow = {
      ...this.unstarted(event, number, operation, actor),
      status,
      reason: more.reason ?? null,
      relatedAttemptId: more.relatedAttemptId ?? null,
      landsAttemptId: more.landsAttemptId ?? null,
      channel: more.channel ?? null,
      candidateId: more.candidateId ?? null,
      endedAt: isTerminal(status) ? this.now : null,
      deadlineAt: more.deadlineAt ?? null,
      notBefore: more.notBefore ?? null,
    };
    this.stack.attemptCount = number;
    this.write({
      kind: "created",
      actor,
      attemptId: attempt.id,
      epoch: attempt.epoch,
      toStatus: status,
      ...(attempt.reason === null ? {} : { reason: attempt.reason }),
      data: { eventId: event.id, operation },
    });
    this.put(attempt);
    if (isTerminal(status)) this.countEnd(status);
    if (more.tell !== undefined) this.notify(attempt, more.tell);
    if (status === "needs_intervention") {
      this.notify(attempt, status);
      this.review(attempt, status, null);
    }
    return attempt;
  }

  /** An attempt from before this record began, in the state in which it ended. Nobody is told. */
  recall(event: IncomingEvent, past: PastAttempt, actor: string): AttemptRow {
    const number = this.stack.attemptCount + 1;
    const { status, reason, createdAt, endedAt } = past;
    const attempt: AttemptRow = {
      ...this.unstarted(event, number, "maintain", actor),
      status,
      reason,
      candidates: past.candidates,
      createdAt,
      updatedAt: endedAt,
      endedAt,
    };
    this.stack.attemptCount = number;
    const data = { eventId: event.id, operation: attempt.operation, recalled: true, createdAt, endedAt };
    this.write({ kind: "created", actor, attemptId: attempt.id, epoch: attempt.epoch, toStatus: status, reason, data });
    this.put(attempt);
    this.countEnd(status);
    for (const [i, { kind, ref, oid }] of past.candidates.entries())
      this.candidate({
        id: candidateId(attempt, i),
        stackId: attempt.stackId,
        attemptId: attempt.id,
        eventId: event.id,
        kind,
        ref,
        oid,
        tag: event.tag,
        createdAt: endedAt,
        landedAt: past.landed ? endedAt : null,
      });
    return attempt;
  }

  /** Moves an attempt to another state and writes it down; `change` holds whatever else changes. */
  transition(
    attempt: AttemptRow,
    to: AttemptStatus,
    actor: string,
    reason: Reason | null,
    change: Partial<AttemptRow> = {},
    data?: unknown,
  ): AttemptRow {
    const ends = isTerminal(to);
    const next: AttemptRow = {
      ...attempt,
      ...(ends
        ? { endedAt: this.now, notBefore: null, deadlineAt: null, leaseUntil: null, cancelRequested: false }
        : {}),
      ...change,
      status: to,
      reason,
      updatedAt: this.now,
    };
    this.write({
      kind: "transition",
      actor,
      attemptId: attempt.id,
      epoch: next.epoch,
      fromStatus: attempt.status,
      toStatus: to,
      ...(reason === null ? {} : { reason }),
      ...(data === undefined ? {} : { data }),
    });
    this.put(next);
    if (isTerminal(to)) this.countEnd(to);
    if (next.operation === "promote") this.notify(next, to === "changed" ? "promoted" : to);
    else {
      const told = to === "changed" && next.operation === "land" ? "landed" : to;
      this.notify(next, told);
      this.review(next, told, attempt.status);
    }
    return next;
  }

  /** Changes an attempt without changing its state. */
  amend(attempt: AttemptRow, change: Partial<AttemptRow>): AttemptRow {
    return this.put({ ...attempt, ...change, updatedAt: this.now });
  }

  write(entry: JournalEntry): void {
    this.journal.push(entry);
  }

  /** A hand-over of the attempt's current epoch; to a surface that does not come for it, it is sent. */
  dispatch(attempt: AttemptRow): void {
    const { runnerLabels } = this.stack.config.policy;
    const driver = attempt.surface?.driver ?? "pull";
    this.dispatches.push({
      id: dispatchId(attempt),
      attemptId: attempt.id,
      eventId: attempt.eventId,
      stackId: attempt.stackId,
      epoch: attempt.epoch,
      driver,
      labels: labelSet(runnerLabels),
      status: "waiting",
      outcome: null,
      runner: null,
      sentAt: null,
      runs: null,
      reason: null,
      createdAt: this.now,
      claimedAt: null,
      endedAt: null,
    });
    this.tellSurface(attempt, "dispatch");
  }

  /** The attempt's hand-over is over before its work is; what it became at a surface is stopped there. */
  withdraw(attempt: AttemptRow, status: "expired" | "withdrawn"): void {
    this.updateDispatch(attempt, { status, endedAt: this.now });
    if (capabilitiesOf(attempt).cancel) this.tellSurface(attempt, "dispatch.cancel");
  }

  updateDispatch(attempt: Pick<AttemptRow, "id" | "epoch">, change: Partial<DispatchRow>): void {
    const id = dispatchId(attempt);
    const fresh = this.dispatches.findIndex((d) => d.id === id);
    const row = this.dispatches[fresh];
    if (row !== undefined) this.dispatches[fresh] = { ...row, ...change };
    else this.dispatchUpdates.push({ id, ...change });
  }

  candidate(row: CandidateRow): void {
    this.candidates.push(row);
  }

  markLanded(attemptId: string): void {
    this.landed.push(attemptId);
  }

  report(row: ReportRow): void {
    this.reports.push(row);
  }

  accept(eventId: string): void {
    this.accepted.push(eventId);
  }

  /** Lets an effect that was given up be tried again, from its first try on. */
  redrive(effectId: string, attemptId: string | null, actor: string): void {
    this.redriven.push(effectId);
    this.write({
      kind: "outbox",
      actor,
      ...(attemptId === null ? {} : { attemptId }),
      reason: { code: "effect_redriven", message: "tried again by an operator" },
      data: { effectId },
    });
  }

  /** An answer to a comment on the forge; one for each comment. */
  answer(id: string, attemptId: string, reply: { place: CommentPlace; text: string }): void {
    const payload: ReviewEffect = { attemptId, event: "commented", reply };
    this.effect(id, { stackId: this.stack.id, id: attemptId }, "review", payload);
  }

  /** The finished decision. */
  finish(attempt: AttemptRow | null, refused: Refusal | null = null): Decision {
    const attempts = [...this.changed.values()].map((a) => ({ ...a, nextActionAt: nextActionAt(a) }));
    const changes: Changes = {
      attempts,
      journal: this.journal,
      dispatches: this.dispatches,
      dispatchUpdates: this.dispatchUpdates,
      candidates: this.candidates,
      landedAttemptIds: this.landed,
      reports: this.reports,
      acceptedEventIds: this.accepted,
      outbox: this.outbox,
      redrivenEffectIds: this.redriven,
    };
    const open = this.stack.open.map((a) => ({ ...a, nextActionAt: nextActionAt(a) }));
    const next = { ...this.stack, open, journalSeq: this.stack.journalSeq + this.journal.length };
    const current = attempt === null ? null : (attempts.find((a) => a.id === attempt.id) ?? attempt);
    return { refused, changes, next, attempt: current };
  }

  /** A refusal that leaves nothing behind. */
  static refuse(state: StackState, refusal: Refusal, attempt: AttemptRow | null = null): Decision {
    return new Draft(state, 0).finish(attempt, refusal);
  }

  /** An attempt on the event that nobody has done anything about. */
  private unstarted(event: IncomingEvent, number: number, operation: AttemptOperation, actor: string): AttemptRow {
    return {
      id: `${this.stack.id}.${number}`,
      stackId: this.stack.id,
      eventId: event.id,
      number,
      operation,
      status: "queued",
      reason: null,
      epoch: 1,
      retries: 0,
      onto: event.onto,
      ontoSha: event.ontoSha,
      tag: event.tag,
      movement: event.movement,
      relatedAttemptId: null,
      landsAttemptId: null,
      channel: null,
      candidateId: null,
      prerelease: event.prerelease ?? null,
      actor,
      resume: null,
      cancelRequested: false,
      nonce: null,
      runner: null,
      surface: null,
      candidates: [],
      createdAt: this.now,
      updatedAt: this.now,
      startedAt: null,
      endedAt: null,
      notBefore: null,
      deadlineAt: null,
      leaseUntil: null,
      blockedSince: null,
      nextActionAt: null,
    };
  }

  private countEnd(status: TerminalStatus): void {
    const { endedCounts } = this.stack;
    this.stack.endedCounts = { ...endedCounts, [status]: (endedCounts[status] ?? 0) + 1 };
  }

  private put(attempt: AttemptRow): AttemptRow {
    this.changed.set(attempt.id, attempt);
    const others = this.stack.open.filter((a) => a.id !== attempt.id);
    this.stack.open = isTerminal(attempt.status)
      ? others
      : [...others, attempt].toSorted((a, b) => a.number - b.number);
    return attempt;
  }

  /** One of each kind for one hand-over. */
  private tellSurface(attempt: AttemptRow, kind: "dispatch" | "dispatch.cancel"): void {
    const { surface } = attempt;
    if (surface === null) return;
    const payload: SurfaceEffect = { dispatchId: dispatchId(attempt), surface };
    this.effect(`${payload.dispatchId}:${kind}`, attempt, kind, payload);
  }

  private effect(
    id: string,
    { stackId, id: attemptId }: Pick<AttemptRow, "stackId" | "id">,
    kind: OutboxRow["kind"],
    payload: unknown,
    nextAt = this.now,
  ): void {
    this.outbox.push({
      id,
      stackId,
      attemptId,
      kind,
      payload,
      status: "pending",
      tries: 0,
      nextAt,
      lastError: null,
      createdAt: this.now,
    });
  }

  /** Queues what the stack's policy wants told; the id makes it one message however often it is made. */
  private notify(attempt: AttemptRow, what: AttemptStatus | NotifyEvent): void {
    const event = NotifyEvents.safeParse(what);
    if (!event.success) return;
    const { notify } = this.stack.config.policy;
    const at = iso(leavesAt(notify, this.nowMs));
    const grouped = notify.groupMinutes !== undefined;
    for (const target of NotifyTarget.options) {
      if (!notify[target].includes(event.data)) continue;
      const id = `${attempt.id}:${this.stack.journalSeq + this.journal.length}:${target}`;
      this.effect(id, attempt, `notify.${target}`, { ...notification(attempt, event.data), grouped }, at);
    }
  }

  /** Queues what the stack's policy wants put before people on the forge. */
  private review(attempt: AttemptRow, what: AttemptStatus | "landed", from: AttemptStatus | null): void {
    const { pullRequest, status, intervention } = this.stack.config.policy.review;
    const asks = intervention === "issue";
    let event: ReviewEffect["event"] | undefined;
    if (what === "changed" && (pullRequest || status || asks)) event = "changed";
    else if (what === "landed" && pullRequest) event = "landed";
    else if (what === "needs_intervention" && asks) event = "needs_intervention";
    // Whoever was asked is told that nobody is needed any more.
    else if (asks && what !== "landed" && isTerminal(what) && (what === "completed" || from === "needs_intervention"))
      event = "settled";
    if (event === undefined) return;
    const payload: ReviewEffect = { attemptId: attempt.id, event };
    this.effect(`${attempt.id}:${this.stack.journalSeq + this.journal.length}:review`, attempt, "review", payload);
  }
}

function notification(attempt: AttemptRow, event: NotifyEvent): Notification {
  return {
    event,
    stackId: attempt.stackId,
    attemptId: attempt.id,
    operation: attempt.operation,
    ...(attempt.channel === null ? {} : { channel: attempt.channel }),
    tag: attempt.tag,
    onto: attempt.onto,
    reason: attempt.reason,
    candidates: attempt.candidates.map(({ ref, oid }) => ({ ref, oid })),
    at: attempt.updatedAt,
  };
}

/** `<attemptId>.<epoch>`: one hand-over has one epoch. */
export function dispatchId(attempt: Pick<AttemptRow, "id" | "epoch">): string {
  return `${attempt.id}.${attempt.epoch}`;
}

/** Id of an attempt's candidate, by its place among them. */
export function candidateId(attempt: Pick<AttemptRow, "id">, index: number): string {
  return `${attempt.id}.c${index + 1}`;
}
