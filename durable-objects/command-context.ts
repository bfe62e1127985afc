/**
 * Reads what a command needs to know beyond the stack's own state, and makes the machine's command
 * of it.
 *
 * @module
 */
import type { Advisory } from "../worker/contract/advisory.ts";
import type { FlowEventPayload } from "../worker/contract/flow-event.ts";
import type { StackHistoryInput } from "../worker/contract/history.ts";
import type { AttemptResult, RunnerCallback } from "../worker/contract/runner-wire.ts";
import { fixingRelease, isAffected } from "../worker/releases/affected.ts";
import { decideRelease } from "../worker/releases/release-policy.ts";
import { readAcceptance } from "../worker/store/acceptance.ts";
import { attemptTimes, countEvidence, findAttempt, lastAttempt, reportedHead } from "../worker/store/attempts.ts";
import type { Database } from "../worker/store/database.ts";
import { branchCandidate, findCandidate } from "../worker/store/dispatches.ts";
import type { FlowEventRow } from "../worker/store/flow-events.ts";
import type { AttemptRow } from "../worker/store/rows.ts";
import { admit, MAX_EVIDENCE } from "./machine/runner.ts";
import type { Command, IncomingEvent, JudgedAdvisory, StackState, Target } from "./machine/state.ts";
import type { Failure } from "./stack-keeper.ts";

/** Events with what the record says about them in this stack. Unknown ids are left out. */
export async function incomingEvents(
  db: Database,
  stack: StackState,
  eventIds: readonly string[],
): Promise<IncomingEvent[]> {
  const stackId = stack.id;
  const record = await readAcceptance(db, stackId, eventIds);
  return record.events.map((event) => {
    const described = describe(event, stack, record.tags);
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
    incomingEvents(db, state, [eventId]),
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
  const command = { type: "result", ...about, epoch, nonce, result } as const;
  if (attempt === null || admit(attempt, epoch, nonce) === null) return command;
  const [evidence, standing] = await Promise.all([
    countEvidence(db, attemptId, MAX_EVIDENCE),
    standingOf(db, state, attempt, result),
  ]);
  return { ...command, late: { evidence, standing } };
}

/** The promotion that a channel stands on by the record, when a late one says that it has moved it elsewhere. */
async function standingOf(
  db: Database,
  { channels }: StackState,
  { channel }: AttemptRow,
  { outcome, candidates }: AttemptResult,
): Promise<AttemptRow | null> {
  const at = channel === null ? undefined : channels[channel];
  const oid = candidates[0]?.oid;
  if (at === undefined || outcome !== "changed" || oid === undefined || oid === at.oid) return null;
  return (await findAttempt(db, at.attemptId)) ?? null;
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

/** What promoting a candidate needs to know. */
export async function promotion(
  db: Database,
  state: StackState,
  { attemptId, candidateId, channel }: { attemptId: string; candidateId: string; channel: string },
  actor: string,
): Promise<Extract<Command, { type: "promote" }> | Failure> {
  const [about, candidate] = await Promise.all([target(db, state, attemptId), findCandidate(db, candidateId)]);
  if (candidate === undefined)
    return { ok: false, code: "not_found", message: `there is no candidate '${candidateId}'` };
  return { type: "promote", ...about, candidate, channel, actor };
}

/** What happened before the record began, without what of it was written down already. */
export async function recalled(
  db: Database,
  state: StackState,
  { attempts: past, carried, channels }: StackHistoryInput,
  actor: string,
): Promise<Extract<Command, { type: "recall" }>> {
  const eventIds = [...new Set(past.map(({ eventId }) => eventId))];
  const [events, written] = await Promise.all([
    incomingEvents(db, state, eventIds),
    attemptTimes(db, state.id, eventIds),
  ]);
  const known = new Set(written.map(({ eventId, createdAt }) => `${createdAt} ${eventId}`));
  const attempts = past
    .filter(({ eventId, createdAt }) => !known.has(`${createdAt} ${eventId}`))
    .flatMap((one) => {
      const event = events.find(({ id }) => id === one.eventId);
      return event === undefined ? [] : [{ event, past: one }];
    });
  return { type: "recall", attempts, carried: carried ?? null, channels, actor };
}

function openOf(state: StackState, attemptId: string): AttemptRow | undefined {
  return state.open.find((a) => a.id === attemptId);
}

type Described = Omit<IncomingEvent, "accepted" | "sameMovement">;

function describe(row: FlowEventRow, stack: StackState, tags: readonly string[]): Described {
  const { entry } = row.payload;
  const about: Described = {
    id: row.id,
    position: row.position,
    movement: movementOf(row.id, row.payload),
    onto: ontoOf(row.payload),
    ontoSha: row.payload.moved?.to ?? entry.sha ?? null,
    tag: entry.tag ?? null,
    prerelease: entry.prerelease,
    moved: row.payload.moved ?? null,
    advisory: null,
  };
  if (entry.advisory === undefined) return about;
  const advisory = judge(entry.advisory, entry.title, stack, tags);
  const tag = advisory.fix ?? advisory.standing;
  const onto = tag === null ? (stack.carried?.oid ?? "HEAD") : `refs/tags/${tag}`;
  return { ...about, advisory, tag, onto, ontoSha: null };
}

/** What an advisory means where the stack stands: on what was landed last, else on its declared base. */
function judge(
  advisory: Advisory,
  title: string | undefined,
  stack: StackState,
  tags: readonly string[],
): JudgedAdvisory {
  const { releases } = stack.config.policy;
  const base = stack.config.base?.replace(/^refs\/tags\//, "");
  const standing = stack.carried === null ? base : stack.carried.tag;
  const known = standing !== undefined && decideRelease({ ...releases, prereleases: true }, standing).pass;
  const at = known ? standing : undefined;
  const severity = advisory.severity === undefined ? "" : ` (${advisory.severity})`;
  return {
    id: advisory.id,
    name: `${advisory.id}${severity}${title === undefined ? "" : `, "${title.slice(0, 200)}",`}`,
    withdrawn: advisory.withdrawnAt !== undefined,
    standing: at ?? null,
    affected: at === undefined ? "unknown" : isAffected(advisory, at, releases),
    fix: fixingRelease(advisory, tags, releases, at) ?? null,
  };
}

/** What a movement is called whoever tells it: a release and its tag are one. */
function movementOf(eventId: string, { entry, moved }: FlowEventPayload): string {
  if (entry.advisory !== undefined) return `advisory:${entry.advisory.key}`;
  if (moved !== undefined && entry.tag !== undefined) return `tag:${entry.tag}@${moved.to}`;
  if (entry.tag !== undefined) return `tag:${entry.tag}`;
  if (entry.sha !== undefined) return `commit:${entry.sha}`;
  return `event:${eventId}`;
}

function ontoOf({ entry }: FlowEventPayload): string {
  if (entry.tag !== undefined) return `refs/tags/${entry.tag}`;
  return entry.sha ?? entry.ref ?? "HEAD";
}
