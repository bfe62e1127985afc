/**
 * Reads what a command needs to know beyond the stack's own state, and makes the machine's command
 * of it.
 *
 * @module
 */
import type { FlowEventPayload } from "../worker/contract/flow-event.ts";
import type { RunnerCallback } from "../worker/contract/runner-wire.ts";
import { readAcceptance } from "../worker/store/acceptance.ts";
import { countEvidence, findAttempt, lastAttempt, reportedHead } from "../worker/store/attempts.ts";
import type { Database } from "../worker/store/database.ts";
import { branchCandidate } from "../worker/store/dispatches.ts";
import type { FlowEventRow } from "../worker/store/flow-events.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
import { admit, MAX_EVIDENCE } from "./machine/runner.ts";
import type { Command, IncomingEvent, StackState, Target } from "./machine/state.ts";

/** Events with what the record says about them in this stack. Unknown ids are left out. */
export async function incomingEvents(
  db: Database,
  stackId: string,
  eventIds: readonly string[],
): Promise<IncomingEvent[]> {
  const record = await readAcceptance(db, stackId, eventIds);
  return record.events.map((event) => {
    const described = describe(event);
    const sameMovement = record.firstAttempts.get(described.movement) ?? null;
    return { ...described, accepted: record.accepted.has(event.id), sameMovement };
  });
}

/** An event for another attempt on it, and the last attempt there was. */
export async function eventAgain(
  db: Database,
  state: StackState,
  eventId: string,
): Promise<{ event: IncomingEvent; last: AttemptRow | null } | undefined> {
  const [[event], stored] = await Promise.all([
    incomingEvents(db, state.id, [eventId]),
    lastAttempt(db, eventId, state.id),
  ]);
  if (event === undefined || !event.accepted) return undefined;
  return { event, last: stored === undefined ? null : (openOf(state, stored.id) ?? stored) };
}

/** The attempt a command is about: from the state while it is open, else from the record. */
export async function target(db: Database, state: StackState, attemptId: string): Promise<Target> {
  if (openOf(state, attemptId) !== undefined) return { attemptId, ended: null };
  const stored = await findAttempt(db, attemptId);
  return { attemptId, ended: stored?.stackId === state.id ? stored : null };
}

/** A runner's result, with what the record has of late ones where this is another. */
export async function resultOf(
  db: Database,
  state: StackState,
  { attemptId, epoch, nonce, data: result }: Extract<RunnerCallback, { type: "attempt.result" }>,
): Promise<Extract<Command, { type: "result" }>> {
  const about = await target(db, state, attemptId);
  const attempt = openOf(state, attemptId) ?? about.ended;
  const late = attempt !== null && admit(attempt, epoch, nonce) !== null;
  const evidence = late ? await countEvidence(db, attemptId, MAX_EVIDENCE) : 0;
  return { type: "result", ...about, epoch, nonce, result, evidence };
}

/** What landing an attempt needs to know. */
export async function landing(
  db: Database,
  state: StackState,
  attemptId: string,
  actor: string,
): Promise<Extract<Command, { type: "land" }>> {
  const [about, candidate, headOid] = await Promise.all([
    target(db, state, attemptId),
    branchCandidate(db, attemptId),
    reportedHead(db, attemptId),
  ]);
  return { type: "land", ...about, candidate: candidate ?? null, headOid, actor };
}

function openOf(state: StackState, attemptId: string): AttemptRow | undefined {
  return state.open.find((a) => a.id === attemptId);
}

function describe(row: FlowEventRow): Omit<IncomingEvent, "accepted" | "sameMovement"> {
  const { entry } = row.payload;
  return {
    id: row.id,
    position: row.position,
    movement: movementOf(row.id, row.payload),
    onto: ontoOf(row.payload),
    ontoSha: row.payload.moved?.to ?? entry.sha ?? null,
    tag: entry.tag ?? null,
    prerelease: entry.prerelease,
    moved: row.payload.moved ?? null,
  };
}

/** What a movement is called whoever tells it: a release and its tag are one. */
function movementOf(eventId: string, { entry, moved }: FlowEventPayload): string {
  if (moved !== undefined && entry.tag !== undefined) return `tag:${entry.tag}@${moved.to}`;
  if (entry.tag !== undefined) return `tag:${entry.tag}`;
  if (entry.sha !== undefined) return `commit:${entry.sha}`;
  return `event:${eventId}`;
}

function ontoOf({ entry }: FlowEventPayload): string {
  if (entry.tag !== undefined) return `refs/tags/${entry.tag}`;
  return entry.sha ?? entry.ref ?? "HEAD";
}
