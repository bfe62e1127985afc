/**
 * The older service's data folder as the history of stacks and sources here. Pure: files come as text.
 *
 * There is no schema of those files, so what is not understood is counted and left, field by field, and a last
 * line that was cut off is no error. Of records with one id the newest line counts.
 *
 * @module
 */
import type { PastAttempt, PastEvent, SourceHistoryInput } from "../../worker/contract/history.ts";
import { Name } from "../../worker/contract/primitives.ts";
import { attemptOf, dispatchedTo, impliedEvent } from "./older-attempts.ts";
import { signalOf, stateEntries, type Told } from "./older-entries.ts";
import { eventOf, type OlderEvent, type StacksOf } from "./older-events.ts";
import { isRecord, type Json, newest, parse, textOf } from "./older-row.ts";

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
