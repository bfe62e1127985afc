/**
 * Everything a runner needs for one claim.
 *
 * @module
 */
import { callbackKey, forecastKey } from "../auth/derived-keys.ts";
import { ForecastJob, HEARTBEAT_SECONDS, JobEnvelope } from "../contract/runner-wire.ts";
import type { StackConfig } from "../contract/stack.ts";
import { findReport } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { branchCandidate } from "../store/dispatches.ts";
import { findEvent } from "../store/flow-events.ts";
import type { AttemptRow, StackRow } from "../store/rows.ts";
import { promotion } from "./promotion.ts";

/** Builds the envelope of a running attempt. The same claim gets the same envelope. */
export async function jobEnvelope(
  db: Database,
  signingKey: string,
  attempt: AttemptRow,
  { config, carried, channels }: { config: StackConfig } & Pick<StackRow, "carried" | "channels">,
): Promise<JobEnvelope> {
  const { nonce, leaseUntil, deadlineAt } = attempt;
  const event = await findEvent(db, attempt.eventId);
  if (event === undefined || nonce === null || leaseUntil === null || deadlineAt === null)
    throw new Error(`attempt ${attempt.id} is running without an event or a claim`);
  return JobEnvelope.parse({
    v: 1,
    attemptId: attempt.id,
    epoch: attempt.epoch,
    nonce,
    number: attempt.number,
    operation: attempt.operation,
    replay: attempt.operation === "replay",
    event: {
      id: event.id,
      type: event.type,
      sourceId: event.sourceId ?? undefined,
      occurredAt: event.occurredAt ?? undefined,
      receivedAt: event.receivedAt,
      payload: event.payload,
    },
    stack: { id: attempt.stackId, ...config, recordedBase: await recordedBase(db, carried) },
    onto: { ref: attempt.onto, sha: attempt.ontoSha ?? undefined },
    candidateRef: candidateRef(config.policy.candidateRef, attempt),
    resume: attempt.resume ?? undefined,
    land: await landing(db, attempt, config),
    promote: await promotion(db, attempt, channels),
    callbackKey: await callbackKey(signingKey, attempt.id, attempt.epoch, nonce),
    leaseUntil,
    deadlineAt,
    heartbeatSeconds: HEARTBEAT_SECONDS,
  });
}

/** What a runner needs for one forecast. The same claim gets the same job. */
export async function forecastJob(
  db: Database,
  signingKey: string,
  { id, config, carried }: StackRow,
  nonce: string,
  deadlineAt: string,
): Promise<ForecastJob> {
  return ForecastJob.parse({
    v: 1,
    kind: "forecast",
    nonce,
    stack: { id, ...config, recordedBase: await recordedBase(db, carried) },
    callbackKey: await forecastKey(signingKey, id, nonce),
    deadlineAt,
  });
}

/** Upstream commit the branch was last landed on. */
async function recordedBase(db: Database, carried: StackRow["carried"]): Promise<string | undefined> {
  if (carried?.attemptId === undefined) return undefined;
  return (await findReport(db, carried.attemptId))?.report.onto.oid;
}

async function landing(db: Database, attempt: AttemptRow, config: StackConfig): Promise<JobEnvelope["land"]> {
  if (attempt.operation !== "land" || attempt.landsAttemptId === null) return undefined;
  const [candidate, report] = await Promise.all([
    branchCandidate(db, attempt.landsAttemptId),
    findReport(db, attempt.landsAttemptId),
  ]);
  if (candidate === undefined || report === undefined)
    throw new Error(`attempt ${attempt.id} lands ${attempt.landsAttemptId}, which has no candidate`);
  return {
    branch: config.branch ?? report.report.branch,
    oid: candidate.oid,
    expectedOid: report.report.head.oid,
    ref: candidate.ref,
  };
}

function candidateRef(template: string, attempt: AttemptRow): string {
  // A movement without a tag goes by its commit.
  const tag = attempt.tag ?? attempt.ontoSha ?? attempt.onto.replace(/^refs\/(?:heads|tags)\//, "");
  return template
    .replaceAll("<stackId>", attempt.stackId)
    .replaceAll("<tag>", tag)
    .replaceAll("<attempt>", String(attempt.number));
}
