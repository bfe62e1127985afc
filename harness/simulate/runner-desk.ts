/**
 * What the edge's routes do for runners: claims by the rules of `worker/webhooks/runner-claim.ts`,
 * and callbacks.
 *
 * @module
 */
import type { JobEnvelope, RunnerCallback } from "../../worker/contract/runner-wire.ts";
import type { StackConfig } from "../../worker/contract/stack.ts";
import { promotion } from "../../worker/dispatch/promotion.ts";
import { findClaimed, findReport } from "../../worker/store/attempts.ts";
import { branchCandidate, waitingDispatches } from "../../worker/store/dispatches.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import type { Edge, Invocation } from "./edge.ts";
import type { Refused } from "./network.ts";

/** What a runner knows of its work. */
export type Job = {
  attempt: AttemptRow;
  config: StackConfig;
  nonce: string;
  land: { oid: string; expectedOid: string } | undefined;
  promote: JobEnvelope["promote"];
};

/** One hand-out of an attempt. */
export type HandOut = { id: string; epoch: number };

/** `job` is undefined when there is no work. */
export type Pulled = { ok: true; job: Job | undefined } | Refused;

const LOOK_AHEAD = 10;

export async function pull(edge: Edge, name: string, nonce: string): Promise<Pulled> {
  const invocation = edge.invoke("claim");
  const held = await findClaimed(invocation.db, nonce);
  if (held !== undefined) return take(edge, invocation, name, nonce, held);
  for (const dispatch of await waitingDispatches(invocation.db, "pull", [], LOOK_AHEAD)) {
    const answer = await take(edge, invocation, name, nonce, { id: dispatch.attemptId, epoch: dispatch.epoch });
    if (answer.ok || !["fenced", "closed", "already_claimed"].includes(answer.code)) return answer;
  }
  return { ok: true, job: undefined };
}

/** A claim by name, as a forge job makes it: it may start long after it was told of the hand-out. */
export async function claimNamed(edge: Edge, name: string, nonce: string, told: HandOut): Promise<Pulled> {
  return take(edge, edge.invoke("claim"), name, nonce, told);
}

async function take(
  edge: Edge,
  { db }: Invocation,
  name: string,
  nonce: string,
  { id, epoch }: HandOut,
): Promise<Pulled> {
  const stackId = id.slice(0, id.lastIndexOf("."));
  const claim = { attemptId: id, epoch, nonce, runner: { name, version: "1.0.0", labels: [] } };
  const claimed = await edge.object(stackId).claim(stackId, claim);
  if (!claimed.ok) return claimed;
  const { attempt, config } = claimed;
  edge.stage.watch.claimAcknowledged(attempt, epoch, nonce);
  const job = { attempt, config, nonce, land: undefined, promote: await promotion(db, attempt, claimed.channels) };
  if (attempt.operation !== "land" || attempt.landsAttemptId === null) return { ok: true, job };
  const [candidate, report] = await Promise.all([
    branchCandidate(db, attempt.landsAttemptId),
    findReport(db, attempt.landsAttemptId),
  ]);
  if (candidate === undefined || report === undefined)
    throw new Error(`${attempt.id} lands ${attempt.landsAttemptId}, which has no candidate`);
  const land = { oid: candidate.oid, expectedOid: report.report.head.oid };
  return { ok: true, job: { ...job, land } };
}

export type Told = { ok: true; status: "applied" | "duplicate"; directive: "continue" | "cancel" } | Refused;

/** Tells the object what a runner said; `id` and `hash` are those of the message. */
export async function callback(edge: Edge, said: RunnerCallback, message: { id: string; hash: string }): Promise<Told> {
  const stackId = said.attemptId.slice(0, said.attemptId.lastIndexOf("."));
  const told = await edge.object(stackId).callback(stackId, said, message);
  if (!told.ok) return told;
  const { status, directive } = told.answer;
  if (said.type === "attempt.result") edge.stage.watch.resultAcknowledged(said, message.id);
  return { ok: true, status, directive };
}
