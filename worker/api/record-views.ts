/**
 * Rows as the API shows them: absent is absent, not null.
 *
 * @module
 */
import type { Candidate, Dispatch, EarlierReport, MaintenanceAttempt, TimelineEntry } from "../contract/attempt.ts";
import type { FlowEvent } from "../contract/flow-event.ts";
import type { Forecast } from "../contract/forecast.ts";
import type { Stack } from "../contract/stack.ts";
import type { StoredCandidate, StoredDispatch } from "../store/dispatches.ts";
import type { FlowEventRow } from "../store/flow-events.ts";
import type { ForecastRow } from "../store/forecasts.ts";
import type { AttemptRow, JournalRow, ReportRow, StackRow } from "../store/rows.ts";

/** Drops what is null or undefined. */
function present<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

export function attemptView(row: AttemptRow): MaintenanceAttempt {
  const { id, stackId, eventId, number, operation, status, epoch, retries, onto, cancelRequested, candidates } = row;
  return {
    id,
    stackId,
    eventId,
    number,
    operation,
    status,
    ...present({ reason: row.reason }),
    epoch,
    retries,
    onto,
    ...present({ tag: row.tag, relatedAttemptId: row.relatedAttemptId, landsAttemptId: row.landsAttemptId }),
    ...present({ channel: row.channel, candidateId: row.candidateId }),
    ...present({ resume: row.resume, runner: row.runner }),
    cancelRequested,
    candidates,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...present({ startedAt: row.startedAt, endedAt: row.endedAt, nextActionAt: row.nextActionAt }),
  };
}

export function earlierReportView({ epoch, at, report }: ReportRow): EarlierReport {
  return { epoch, at, report };
}

export function timelineView(row: JournalRow): TimelineEntry {
  const { seq, at, actor, kind } = row;
  return {
    seq,
    at,
    actor,
    kind: kind === "stack" ? "note" : kind,
    ...present({ epoch: row.epoch, from: row.fromStatus, to: row.toStatus, reason: row.reason, data: row.data }),
  };
}

export function eventView(row: FlowEventRow): FlowEvent {
  const { id, type, receivedAt, payload, stackIds } = row;
  return {
    id,
    type,
    ...present({ sourceId: row.sourceId, occurredAt: row.occurredAt }),
    receivedAt,
    payload,
    stackIds,
  };
}

export function dispatchView(row: StoredDispatch): Dispatch {
  const { id, attemptId, eventId, stackId, epoch, driver, status, createdAt } = row;
  const { outcome, reason, runner, runs, sentAt, claimedAt, endedAt } = row;
  const more = present({ outcome, reason, runner, runs, sentAt, claimedAt, endedAt });
  return { id, attemptId, eventId, stackId, epoch, driver, status, createdAt, ...more };
}

export function candidateView(row: StoredCandidate): Candidate {
  const { id, stackId, attemptId, eventId, kind, ref, oid, createdAt } = row;
  const more = present({ tag: row.tag, landedAt: row.landedAt });
  return { id, stackId, attemptId, eventId, kind, ref, oid, createdAt, ...more };
}

export function forecastView(row: ForecastRow): Forecast {
  const { stackId, number, at, outcome, runner, seconds, headOid, commitsAhead, commitsBehind, daysBehind } = row;
  return {
    stackId,
    number,
    at,
    outcome,
    ...present({ reason: row.reason, onto: row.onto }),
    ...(headOid === null ? {} : { head: { oid: headOid } }),
    ...(commitsAhead === null || commitsBehind === null || daysBehind === null
      ? {}
      : { drift: { commitsAhead, commitsBehind, daysBehind } }),
    ...present({ counts: row.counts, conflicts: row.conflicts }),
    runner,
    seconds,
  };
}

export function stackView(row: StackRow): Stack {
  const { id, config, paused, createdAt, updatedAt, carried } = row;
  return {
    id,
    ...config,
    paused,
    ...(carried === null
      ? {}
      : { carried: { ...present({ tag: carried.tag }), oid: carried.oid, landedAt: carried.landedAt } }),
    ...present({ highestTag: row.highestTag, currentAttemptId: row.currentAttemptId }),
    // What was found before a stack stopped asking says nothing of today.
    ...(config.policy.forecast === undefined ? {} : present({ forecast: row.forecast })),
    createdAt,
    updatedAt,
  };
}
