/**
 * The older service's data folder as the history of stacks and sources here. Pure: files come as text.
 *
 * There is no schema of those files, so what is not understood is counted and left, field by field, and a last
 * line that was cut off is no error. Of records with one id the newest line counts.
 *
 * @module
 */
import { TERMINAL_STATUSES } from "../../worker/contract/attempt.ts";
import { FeedEntry } from "../../worker/contract/feed-signal.ts";
import { FlowEventType } from "../../worker/contract/flow-event-type.ts";
import { PastAttempt, PastEvent, type SourceHistoryInput } from "../../worker/contract/history.ts";
import { Name, Oid } from "../../worker/contract/primitives.ts";

/** Files of the folder, in the order in which they are told of. */
export const OLDER_FILES = [
  "feed-state.json",
  "feed-events.jsonl",
  "flow-events.jsonl",
  "maintenance-attempts.jsonl",
  "workspace-dispatches.jsonl",
  "flow-dispatches.jsonl",
  "feed-jobs.jsonl",
] as const;
export type OlderFileName = (typeof OLDER_FILES)[number];

export type FileReading = { file: OlderFileName; lines: number; taken: number; notes: string[] };

export type OlderData = {
  files: FileReading[];
  /** By source. */
  sources: Map<string, SourceHistoryInput["entries"]>;
  /** By stack. */
  stacks: Map<string, { events: PastEvent[]; attempts: PastAttempt[] }>;
};

type Json = Record<string, unknown>;
type Told = SourceHistoryInput["entries"][number];
type OlderEvent = { event: PastEvent; stackIds: string[] };

/** Which stacks a source feeds: from the server, for records that name a source alone. */
export type StacksOf = (sourceId: string) => readonly string[];

/** @param fallback the stack of records that name neither a stack nor a known source */
export function readOlderData(
  texts: Readonly<Partial<Record<OlderFileName, string>>>,
  stacksOf: StacksOf,
  fallback?: string,
): OlderData {
  const readings = new Map<OlderFileName, FileReading>();
  const rows = (file: OlderFileName): Json[] => {
    const text = texts[file];
    if (text === undefined) return [];
    const reading: FileReading = { file, lines: 0, taken: 0, notes: [] };
    readings.set(file, reading);
    return file === "feed-state.json" ? wholeFile(text, reading) : jsonLines(text, reading);
  };
  const count = (file: OlderFileName, taken: number, of: number, why: string): void => {
    const reading = readings.get(file);
    if (reading === undefined) return;
    reading.taken += taken;
    if (of > taken) reading.notes.push(`${of - taken} ${why}`);
  };

  const sources = new Map<string, Map<string, Told>>();
  const tell = (sourceId: string, told: Told): void => {
    const known = sources.get(sourceId) ?? new Map<string, Told>();
    const before = known.get(told.entry.entryId);
    known.set(
      told.entry.entryId,
      before === undefined ? told : { ...before, ...told, entry: { ...before.entry, ...told.entry } },
    );
    sources.set(sourceId, known);
  };

  const state = rows("feed-state.json").flatMap(stateEntries);
  for (const { sourceId, told } of state) tell(sourceId, told);
  count("feed-state.json", state.length, state.length, "");

  const signals = rows("feed-events.jsonl");
  const readSignals = signals.flatMap(signalOf);
  for (const { sourceId, told } of readSignals) tell(sourceId, told);
  count("feed-events.jsonl", readSignals.length, signals.length, "name no source or no entry");

  const events = new Map<string, OlderEvent>();
  const eventRows = rows("flow-events.jsonl");
  for (const row of eventRows) {
    const read = eventOf(row, stacksOf, fallback);
    if (read === undefined) continue;
    events.set(read.event.id, read);
    const { sourceId, payload, receivedAt, id } = read.event;
    if (sourceId !== undefined) tell(sourceId, { entry: payload.entry, seenAt: receivedAt, eventId: id });
  }
  count("flow-events.jsonl", events.size, newest(eventRows).length, "have no id, or one that is none");

  const stacks = new Map<string, { events: Map<string, PastEvent>; attempts: PastAttempt[] }>();
  const stackOf = (id: string) => {
    const found = stacks.get(id) ?? { events: new Map<string, PastEvent>(), attempts: [] };
    stacks.set(id, found);
    return found;
  };
  for (const { event, stackIds } of events.values()) for (const id of stackIds) stackOf(id).events.set(event.id, event);

  const dispatched = dispatchedTo([...rows("workspace-dispatches.jsonl"), ...rows("flow-dispatches.jsonl")]);
  const attemptRows = newest(rows("maintenance-attempts.jsonl"));
  let taken = 0;
  for (const row of attemptRows) {
    const attempt = attemptOf(row, dispatched);
    if (attempt === undefined) continue;
    const event = events.get(attempt.eventId) ?? { event: impliedEvent(attempt, row), stackIds: [] };
    const named = textOf(row, "stackId", "stack", "targetStack");
    const sourceId = textOf(row, "sourceId", "source") ?? event.event.sourceId;
    const ids = [
      ...(named === undefined ? [] : [named]),
      ...event.stackIds,
      ...(sourceId === undefined ? [] : stacksOf(sourceId)),
      ...(fallback === undefined ? [] : [fallback]),
    ];
    const id = ids.find((one) => Name.safeParse(one).success);
    if (id === undefined) continue;
    stackOf(id).events.set(event.event.id, event.event);
    stackOf(id).attempts.push(attempt);
    taken++;
  }
  count(
    "maintenance-attempts.jsonl",
    taken,
    attemptRows.length,
    "name no event or belong to no known stack (--stack names one)",
  );
  for (const file of ["workspace-dispatches.jsonl", "flow-dispatches.jsonl"] as const) {
    const reading = readings.get(file);
    if (reading !== undefined) reading.notes.push("told of in the reasons of their attempts");
  }
  rows("feed-jobs.jsonl");
  readings.get("feed-jobs.jsonl")?.notes.push("polls that are over: what they found is in the other files");

  return {
    files: OLDER_FILES.flatMap((file) => readings.get(file) ?? []),
    sources: new Map([...sources].map(([id, told]) => [id, [...told.values()]])),
    stacks: new Map(
      [...stacks].map(([id, { events: own, attempts }]) => [id, { events: [...own.values()], attempts }]),
    ),
  };
}

function jsonLines(text: string, reading: FileReading): Json[] {
  const lines = text.split(/\r?\n/);
  const rows: Json[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    reading.lines++;
    const value = parse(line);
    if (isRecord(value)) rows.push(value);
    else
      reading.notes.push(
        i === lines.length - 1
          ? "its last line was cut off and is left out"
          : `line ${i + 1} is no JSON object and is left out`,
      );
  }
  return rows;
}

function wholeFile(text: string, reading: FileReading): Json[] {
  const value = parse(text);
  reading.lines = 1;
  if (isRecord(value)) return [value];
  reading.notes.push("is no JSON object and is left out");
  return [];
}

/** `{sources: {id: …}}` or `{id: …}`; each with lists of ids, or of entries, under whatever name. */
function stateEntries(state: Json): { sourceId: string; told: Told }[] {
  const bySource = isRecord(state.sources) ? state.sources : isRecord(state.feeds) ? state.feeds : state;
  return Object.entries(bySource).flatMap(([sourceId, one]) => {
    if (!Name.safeParse(sourceId).success) return [];
    const seenAt =
      (isRecord(one) ? timeOf(one, "updatedAt", "lastPollAt", "lastCheckedAt", "checkedAt", "at") : undefined) ?? EPOCH;
    return knownIn(one).flatMap((entry) => {
      const told = FeedEntry.safeParse(entry);
      return told.success ? [{ sourceId, told: { entry: told.data, seenAt } }] : [];
    });
  });
}

const SEEN_LISTS = ["seen", "seenIds", "entries", "entryIds", "ids", "known", "knownIds", "processed", "history"];
const LAST_ONES = ["lastEntryId", "lastSeenId", "lastId", "latestEntryId", "cursor", "lastEntry", "latest"];

function knownIn(state: unknown): Json[] {
  if (Array.isArray(state)) return (state as unknown[]).flatMap(asEntry);
  if (typeof state === "string") return asEntry(state);
  if (!isRecord(state)) return [];
  const lists = SEEN_LISTS.flatMap((name) => {
    const value = state[name];
    if (Array.isArray(value)) return (value as unknown[]).flatMap(asEntry);
    return isRecord(value) ? Object.keys(value).flatMap(asEntry) : [];
  });
  return [...lists, ...LAST_ONES.flatMap((name) => asEntry(state[name]))];
}

function asEntry(value: unknown): Json[] {
  if (typeof value === "string") return value === "" ? [] : [{ entryId: value }];
  const entry = isRecord(value) ? entryOf(value) : undefined;
  return entry === undefined ? [] : [entry];
}

/** An entry under all names that its fields may have. */
function entryOf(row: Json): FeedEntry | undefined {
  const given = isRecord(row.entry) ? { ...row, ...row.entry } : row;
  const entryId = textOf(
    given,
    "entryId",
    "guid",
    "entry_id",
    "externalId",
    "id",
    "tag",
    "tagName",
    "sha",
    "url",
    "link",
  );
  if (entryId === undefined) return undefined;
  const fields = {
    title: textOf(given, "title", "name"),
    url: textOf(given, "url", "link", "htmlUrl", "webUrl"),
    author: textOf(given, "author"),
    publishedAt: timeOf(given, "publishedAt", "published", "date"),
    updatedAt: timeOf(given, "updatedAt", "updated"),
    tag: textOf(given, "tag", "tagName", "tag_name", "version"),
    ref: textOf(given, "ref"),
    sha: textOf(given, "sha", "commit", "oid"),
  };
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = FeedEntry.safeParse({ entryId: entryId.slice(0, 1024), ...known });
  return parsed.success ? parsed.data : undefined;
}

function signalOf(row: Json): { sourceId: string; told: Told }[] {
  const sourceId = textOf(row, "sourceId", "source", "feedId", "feed");
  const inner = [row.entry, row.signal, row.payload].find(isRecord);
  const entry = entryOf(inner === undefined ? withoutId(row) : { ...withoutId(row), ...inner });
  if (sourceId === undefined || !Name.safeParse(sourceId).success || entry === undefined) return [];
  const seenAt = timeOf(row, "seenAt", "receivedAt", "recordedAt", "createdAt", "at", "timestamp") ?? EPOCH;
  const eventId = textOf(row, "eventId", "flowEventId");
  return [{ sourceId, told: { entry, seenAt, ...(eventId === undefined ? {} : { eventId }) } }];
}

/** A record's own id is the entry's only where nothing else is. */
function withoutId(row: Json): Json {
  const { id, ...rest } = row;
  return textOf(rest, "entryId", "guid", "externalId", "tag", "tagName", "url") === undefined
    ? row
    : { ...rest, recordId: id };
}

const EVENT_TYPES: Readonly<Record<string, string>> = {
  release: "upstream.release",
  tag: "upstream.tag",
  push: "upstream.push",
  advisory: "upstream.advisory",
};

function eventOf(row: Json, stacksOf: StacksOf, fallback: string | undefined): OlderEvent | undefined {
  const given = isRecord(row.event) ? { ...row, ...row.event } : row;
  const id = textOf(given, "id", "eventId");
  if (id === undefined) return undefined;
  const said = textOf(given, "type", "eventType", "kind") ?? "release";
  const type = FlowEventType.safeParse(EVENT_TYPES[said] ?? said);
  const payload = isRecord(given.payload) ? given.payload : given;
  const [, idSource, idEntry] = /^patch:([^:]+):(.+):[^:]+(?::r\d+)?$/.exec(id) ?? [];
  const entry = entryOf({ entryId: idEntry, ...withoutId(payload) }) ?? { entryId: idEntry ?? id };
  const sourceId = textOf(given, "sourceId", "source") ?? idSource;
  const known = sourceId !== undefined && Name.safeParse(sourceId).success ? sourceId : undefined;
  const receivedAt =
    timeOf(given, "receivedAt", "acceptedAt", "createdAt", "recordedAt", "occurredAt", "at", "timestamp") ?? EPOCH;
  const occurredAt = timeOf(given, "occurredAt");
  const parsed = PastEvent.safeParse({
    id,
    type: type.success ? type.data : "upstream.release",
    ...(known === undefined ? {} : { sourceId: known }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    receivedAt,
    payload: { entry },
  });
  if (!parsed.success) return undefined;
  const listed = Array.isArray(given.stackIds)
    ? (given.stackIds as unknown[]).filter((one) => typeof one === "string")
    : [];
  const own = textOf(given, "stackId", "stack");
  const stackIds = [...(own === undefined ? [] : [own]), ...listed, ...(known === undefined ? [] : stacksOf(known))];
  const named = stackIds.filter((one) => Name.safeParse(one).success);
  const found = named.length === 0 && fallback !== undefined ? [fallback] : named;
  return { event: parsed.data, stackIds: [...new Set(found)] };
}

const STATUS: Readonly<Record<string, PastAttempt["status"]>> = {
  ...Object.fromEntries(TERMINAL_STATUSES.map((status) => [status, status])),
  success: "completed",
  succeeded: "completed",
  done: "completed",
  error: "failed",
  timeout: "timed_out",
  canceled: "cancelled",
};

function attemptOf(row: Json, dispatched: ReadonlyMap<string, string>): PastAttempt | undefined {
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
function dispatchedTo(rows: readonly Json[]): Map<string, string> {
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
function impliedEvent(attempt: PastAttempt, row: Json): PastEvent {
  const [, , entryId] = /^patch:([^:]+):(.+):[^:]+(?::r\d+)?$/.exec(attempt.eventId) ?? [];
  const tag = textOf(row, "tag", "version");
  const entry = { entryId: (entryId ?? attempt.eventId).slice(0, 1024), ...(tag === undefined ? {} : { tag }) };
  return { id: attempt.eventId, type: "upstream.release", receivedAt: attempt.createdAt, payload: { entry } };
}

/** The last line of each id. */
function newest(rows: readonly Json[]): Json[] {
  const byId = new Map<string, Json>();
  for (const [i, row] of rows.entries()) {
    const id = textOf(row, "id", "attemptId", "eventId") ?? `#${i}`;
    byId.set(id, { ...byId.get(id), ...row });
  }
  return [...byId.values()];
}

/** For what does not say when it was. */
const EPOCH = "1970-01-01T00:00:00.000Z";

function timeOf(row: Json, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    const ms =
      typeof value === "number"
        ? value < 1e11
          ? value * 1000
          : value
        : typeof value === "string"
          ? Date.parse(value)
          : Number.NaN;
    if (Number.isFinite(ms) && Math.abs(ms) < 8e15) return new Date(ms).toISOString();
  }
  return undefined;
}

function textOf(row: Json, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
