/**
 * The whole record as the server gives it, page by page, with what happened in its stacks meanwhile.
 *
 * @module
 */
import { type RecordLine, RecordPage } from "../../worker/contract/record.ts";
import type { EdgeApi } from "../client/edge-api.ts";

/** Where a broken export goes on: after what was read up to here. */
export type StreamPlace = {
  /** Of the next page; absent before the first. */
  cursor?: string | undefined;
  /** Last journal row that was read, by stack. */
  seqs: Record<string, number>;
};

/** Pages of records; each with the place after it, which is undefined after the last. */
export async function* readRecords(
  api: EdgeApi,
  from: StreamPlace,
  { credentials, signal }: { credentials: boolean; signal?: AbortSignal },
): AsyncGenerator<{ lines: RecordLine[]; next: StreamPlace | undefined }> {
  const seqs = { ...from.seqs };
  let { cursor } = from;
  do {
    const { value } = await api.request({ path: ["records"], query: { cursor }, answer: RecordPage, signal });
    const lines: RecordLine[] = [];
    for (const line of value.records) {
      if (line.kind === "credential" && !credentials) continue;
      if (line.kind === "stack_standing") lines.push(...(await caughtUp(api, line, seqs, signal)));
      else lines.push(line);
      note(seqs, line);
    }
    cursor = value.nextCursor;
    yield { lines, next: cursor === undefined ? undefined : { cursor, seqs: { ...seqs } } };
  } while (cursor !== undefined);
}

/** Where a stack stands; when it went on while the rest was read, with what happened, as of one moment. */
async function caughtUp(
  api: EdgeApi,
  standing: RecordLine,
  seqs: Record<string, number>,
  signal: AbortSignal | undefined,
): Promise<RecordLine[]> {
  const id = String(standing.record.id);
  const lines: RecordLine[] = [];
  let afterSeq = seqs[id] ?? 0;
  if (standing.record.journalSeq === afterSeq) return [standing];
  for (;;) {
    const path = ["records", "stacks", id];
    const { value } = await api.request({ path, query: { afterSeq }, answer: RecordPage, signal });
    lines.push(...value.records);
    if (value.nextCursor === undefined) return lines;
    afterSeq = Number(value.nextCursor);
  }
}

function note(seqs: Record<string, number>, { kind, record }: RecordLine): void {
  if (kind === "journal" && typeof record.seq === "number") seqs[String(record.stackId)] = record.seq;
}
