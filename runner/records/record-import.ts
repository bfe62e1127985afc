/**
 * Sends the records of an export to a server, what others refer to first.
 *
 * @module
 */
import {
  type ExportHeader,
  type ExportTrailer,
  IMPORT_PASSES,
  MAX_RECORDS_BODY,
  MOST_RECORDS,
  RECORD_VERSION,
  RecordsAnswer,
  type RefusedRecord,
} from "../../worker/contract/record.ts";
import { RecordImport } from "../../worker/contract/record-import.ts";
import { interrupted } from "../client/command-failure.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { type NumberedLine, recordsOf } from "./record-lines.ts";

/** A refused record, with its line in the file. */
export type RefusedLine = Omit<RefusedRecord, "index"> & { line: number };

/** Refused records of one kind for one reason. All may be refused, so only the first are named. */
export type Refusals = { kind: string; code: RefusedLine["code"]; count: number; first: RefusedLine[] };

export type ImportSummary = { id: string; new: number; same: number; refused: number; refusals: Refusals[] };

/** A file that was found whole. */
export type WholeFile = { path: string; header: ExportHeader; trailer: ExportTrailer };

/** A request stays well below what the server takes. */
const MOST_CHARACTERS = MAX_RECORDS_BODY / 4;

/** Refused records that are named for each kind and reason. */
const NAMED = 20;

/** How far an import has come: records that were answered. */
export type ImportProgress = { id: string; records: number };

/** `stop` ends it after the request that is under way, `now` with it. */
export type ImportSignals = { stop: AbortSignal; now: AbortSignal };

/**
 * Goes through the file once for each pass: it may be larger than memory. `told` hears of each step.
 *
 * @throws {CommandFailure} `interrupted` by a signal: the same file goes on
 */
export async function importFile(
  api: EdgeApi,
  { path, header, trailer }: WholeFile,
  { stop, now }: ImportSignals,
  told: (progress: ImportProgress) => void,
): Promise<ImportSummary> {
  const { at, version, server } = header;
  const file = { sha256: trailer.sha256, records: trailer.records, at, version, server };
  const begun = await api.request({ method: "POST", path: ["imports"], body: { file }, answer: RecordImport });
  const { id } = begun.value;
  told({ id, records: 0 });
  const summary: ImportSummary = { id, new: 0, same: 0, refused: 0, refusals: [] };
  for (const pass of IMPORT_PASSES)
    for await (const group of groups(recordsOf(path, pass))) {
      if (stop.aborted) throw interrupted();
      await send(api, group, summary, now);
      told({ id, records: summary.new + summary.same + summary.refused });
    }
  await api.request({ method: "POST", path: ["imports", id, "end"], answer: RecordImport });
  return summary;
}

async function* groups(lines: AsyncIterable<NumberedLine>): AsyncGenerator<NumberedLine[]> {
  let group: NumberedLine[] = [];
  let size = 0;
  for await (const line of lines) {
    if (group.length === MOST_RECORDS || (group.length > 0 && size + line.length > MOST_CHARACTERS)) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(line);
    size += line.length;
  }
  if (group.length > 0) yield group;
}

async function send(
  api: EdgeApi,
  group: readonly NumberedLine[],
  summary: ImportSummary,
  signal: AbortSignal,
): Promise<void> {
  const body = { v: RECORD_VERSION, import: summary.id, records: group.map(({ record }) => record) };
  const { value } = await api.request({ method: "POST", path: ["records"], body, answer: RecordsAnswer, signal });
  summary.new += value.new;
  summary.same += value.same;
  summary.refused += value.refused.length;
  for (const { index, ...refused } of value.refused) {
    const { kind, code } = refused;
    let refusals = summary.refusals.find((one) => one.kind === kind && one.code === code);
    if (refusals === undefined) {
      refusals = { kind, code, count: 0, first: [] };
      summary.refusals.push(refusals);
    }
    refusals.count++;
    if (refusals.first.length < NAMED) refusals.first.push({ line: group[index]?.line ?? 0, ...refused });
  }
}
