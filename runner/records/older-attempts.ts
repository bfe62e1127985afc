/**
 * Maintenance attempts of the older service, as over: nothing of them may start here by itself.
 *
 * @module
 */
import { TERMINAL_STATUSES } from "../../worker/contract/attempt.ts";
import { PastAttempt, type PastEvent } from "../../worker/contract/history.ts";
import { Oid } from "../../worker/contract/primitives.ts";
import { EPOCH, isRecord, type Json, textOf, timeOf } from "./older-row.ts";

const STATUS: Readonly<Record<string, PastAttempt["status"]>> = {
  ...Object.fromEntries(TERMINAL_STATUSES.map((status) => [status, status])),
  success: "completed",
  succeeded: "completed",
  done: "completed",
  error: "failed",
  timeout: "timed_out",
  canceled: "cancelled",
};

export function attemptOf(row: Json, dispatched: ReadonlyMap<string, string>): PastAttempt | undefined {
  const inner = isRecord(row.event) ? textOf(row.event, "id") : undefined;
  const eventId = textOf(row, "eventId", "flowEventId") ?? inner;
  const id = textOf(row, "id", "attemptId");
  if (eventId === undefined || id === undefined) return undefined;
  const said = textOf(row, "status", "state", "outcome") ?? "unknown";
  const ended = STATUS[said];
  const createdAt = timeOf(row, "createdAt", "startedAt", "recordedAt", "at", "timestamp", "updatedAt") ?? EPOCH;
  const endedAt = timeOf(row, "endedAt", "finishedAt", "completedAt", "updatedAt") ?? createdAt;
  const words =
    textOf(row, "message", "summary", "error") ??
    (isRecord(row.reason) ? textOf(row.reason, "message") : textOf(row, "reason"));
  const was = ended === undefined ? `was '${said}' when it was imported; replay its event to go on` : `was ${said}`;
  const where = dispatched.get(id) ?? dispatched.get(eventId);
  const message = [`${id} of the older service ${was}`, words, where].filter((part) => part !== undefined).join(": ");
  const parsed = PastAttempt.safeParse({
    eventId,
    // What was open there is over here: nothing of it may start by itself.
    status: ended ?? "dismissed",
    reason: { code: ended === undefined ? "imported_open" : "imported", message: message.slice(0, 4000) },
    candidates: candidatesOf(row),
    createdAt,
    endedAt,
  });
  return parsed.success ? parsed.data : undefined;
}

/** Only what names a commit proves anything. */
function candidatesOf(row: Json): PastAttempt["candidates"] {
  const artifacts = isRecord(row.artifacts)
    ? row.artifacts
    : isRecord(row.result) && isRecord(row.result.artifacts)
      ? row.result.artifacts
      : {};
  const given = [row.candidates, row.candidateRefs, artifacts.candidateRefs, artifacts.candidates].find(
    Array.isArray,
  ) as unknown[] | undefined;
  return (given ?? []).slice(0, 50).flatMap((one) => {
    if (!isRecord(one)) return [];
    const ref = textOf(one, "ref", "name", "branch");
    const oid = Oid.safeParse(textOf(one, "oid", "sha", "commit"));
    return ref === undefined || !oid.success ? [] : [{ kind: "branch" as const, ref, oid: oid.data }];
  });
}

/** Where work went, by attempt and by event. */
export function dispatchedTo(rows: readonly Json[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const row of rows) {
    const runs = Array.isArray(row.runIds) ? (row.runIds as unknown[]).map(String).join(", ") : textOf(row, "runId");
    const words = `dispatched${runs === undefined || runs === "" ? "" : ` as ${runs}`}, ${textOf(row, "status", "outcome") ?? "no answer known"}`;
    for (const name of [textOf(row, "attemptId"), textOf(row, "eventId")])
      if (name !== undefined) found.set(name, words);
  }
  return found;
}

/** The event of an attempt whose own line is gone. */
export function impliedEvent(attempt: PastAttempt, row: Json): PastEvent {
  const [, , entryId] = /^patch:([^:]+):(.+):[^:]+(?::r\d+)?$/.exec(attempt.eventId) ?? [];
  const tag = textOf(row, "tag", "version");
  const entry = { entryId: (entryId ?? attempt.eventId).slice(0, 1024), ...(tag === undefined ? {} : { tag }) };
  return { id: attempt.eventId, type: "upstream.release", receivedAt: attempt.createdAt, payload: { entry } };
}
