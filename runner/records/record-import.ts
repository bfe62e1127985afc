/**
 * Sends the records of an export to a server, what others refer to first.
 *
 * @module
 */
import {
  IMPORT_PASSES,
  MAX_RECORDS_BODY,
  MOST_RECORDS,
  RECORD_VERSION,
  type RecordKind,
  RecordsAnswer,
  type RefusedRecord,
} from "../../worker/contract/record.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import { type NumberedLine, recordsOf } from "./record-lines.ts";

/** A refused record, with its line in the file. */
export type RefusedLine = Omit<RefusedRecord, "index"> & { line: number };

export type ImportSummary = { new: number; same: number; refused: RefusedLine[] };

/** A request stays well below what the server takes. */
const MOST_CHARACTERS = MAX_RECORDS_BODY / 4;

/** Goes through the file once for each pass: it may be larger than memory. */
export async function importFile(api: EdgeApi, path: string, kinds?: readonly RecordKind[]): Promise<ImportSummary> {
  const summary: ImportSummary = { new: 0, same: 0, refused: [] };
  for (const pass of IMPORT_PASSES) {
    const wanted = kinds === undefined ? pass : pass.filter((kind) => kinds.includes(kind));
    for await (const group of groups(recordsOf(path, wanted))) await send(api, group, summary);
  }
  return summary;
}

async function* groups(lines: AsyncIterable<NumberedLine>): AsyncGenerator<NumberedLine[]> {
  let group: NumberedLine[] = [];
  let size = 0;
  for await (const line of lines) {
    const length = JSON.stringify(line.record).length;
    if (group.length === MOST_RECORDS || (group.length > 0 && size + length > MOST_CHARACTERS)) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(line);
    size += length;
  }
  if (group.length > 0) yield group;
}

async function send(api: EdgeApi, group: readonly NumberedLine[], summary: ImportSummary): Promise<void> {
  const body = { v: RECORD_VERSION, records: group.map(({ record }) => record) };
  const { value } = await api.request({ method: "POST", path: ["records"], body, answer: RecordsAnswer });
  summary.new += value.new;
  summary.same += value.same;
  for (const { index, ...refused } of value.refused)
    summary.refused.push({ line: group[index]?.line ?? 0, ...refused });
}
