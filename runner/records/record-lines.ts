/**
 * An export's file, line by line: its header, its records, and the trailer that says that it is whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  ExportHeader,
  ExportTrailer,
  MAX_RECORDS_BODY,
  RECORD_VERSION,
  type RecordKind,
  RecordLine,
} from "../../worker/contract/record.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { parseJson } from "../client/http.ts";
import { linesOf } from "./file-lines.ts";

/** No record is larger than the request that could bring it, bytes. */
export const MOST_LINE = MAX_RECORDS_BODY;

/** A line of a file, by its number from 1, and its length in characters. */
export type NumberedLine = { line: number; length: number; record: RecordLine };

/** What the lines of records amount to: what the trailer says of them. */
export class Tally {
  private readonly hash = createHash("sha256");
  private readonly counted: Partial<Record<RecordKind, number>>;

  /** @param counted of lines that are counted already; their text is passed then */
  constructor(counted: Partial<Record<RecordKind, number>> = {}) {
    this.counted = { ...counted };
  }

  add(line: string, kind: RecordKind): void {
    this.pass(line);
    this.counted[kind] = (this.counted[kind] ?? 0) + 1;
  }

  /** A line that is counted already. */
  pass(line: string): void {
    this.hash.update(`${line}\n`);
  }

  get kinds(): Partial<Record<RecordKind, number>> {
    return { ...this.counted };
  }

  get count(): number {
    return Object.values(this.counted).reduce((sum, n) => sum + n, 0);
  }

  get sha256(): string {
    return this.hash.copy().digest("hex");
  }

  trailer(): ExportTrailer {
    return { end: true, records: this.count, kinds: this.kinds, sha256: this.sha256 };
  }
}

/**
 * The records of a file that is whole.
 *
 * @throws {CommandFailure} `not_an_export`, `export_too_new`, `export_cut_short`, `export_damaged`
 */
export async function checkExport(path: string): Promise<{ header: ExportHeader; trailer: ExportTrailer }> {
  const tally = new Tally();
  let header: ExportHeader | undefined;
  let trailer: ExportTrailer | undefined;
  let torn: number | undefined;
  for await (const { line, text } of linesOf(path, { most: MOST_LINE })) {
    if (text === "") continue;
    if (header === undefined) {
      header = headerOf(path, text);
      continue;
    }
    if (trailer !== undefined) throw damaged(path, `line ${line} comes after its end`);
    const value = parseJson(text);
    const end = ExportTrailer.safeParse(value);
    if (end.success && torn === undefined) {
      trailer = end.data;
      continue;
    }
    if (torn !== undefined) throw damaged(path, `line ${torn} is no record`);
    const record = RecordLine.safeParse(value);
    // The last line of a file that was cut short is seldom a whole one.
    if (record.success) tally.add(text, record.data.kind);
    else torn = line;
  }
  if (header === undefined) throw new CommandFailure("not_an_export", `${path} is empty`, 2);
  if (trailer === undefined)
    throw new CommandFailure(
      "export_cut_short",
      `${path} ends after ${tally.count} records without its last line; export again, or go on with the same command`,
    );
  const counted = tally.trailer();
  if (counted.sha256 !== trailer.sha256 || counted.records !== trailer.records)
    throw damaged(path, `it has ${counted.records} of ${trailer.records} records, or other ones than were written`);
  return { header, trailer };
}

/** The records of these kinds, in the file's order. */
export async function* recordsOf(path: string, kinds: readonly RecordKind[]): AsyncGenerator<NumberedLine> {
  for await (const { line, text } of linesOf(path, { most: MOST_LINE })) {
    // Every pass reads the file: what says at its beginning that it is of another kind is not parsed.
    const begins = /^\{"kind":"([a-z_]+)"/.exec(text)?.[1];
    if (begins !== undefined && !(kinds as readonly string[]).includes(begins)) continue;
    const record = RecordLine.safeParse(parseJson(text));
    if (record.success && kinds.includes(record.data.kind)) yield { line, length: text.length, record: record.data };
  }
}

function headerOf(path: string, text: string): ExportHeader {
  const parsed = ExportHeader.safeParse(parseJson(text));
  if (!parsed.success)
    throw new CommandFailure("not_an_export", `${path} does not begin with the line that an export begins with`, 2);
  if (parsed.data.v > RECORD_VERSION)
    throw new CommandFailure(
      "export_too_new",
      `${path} was written by patch.moi ${parsed.data.version}, in a form that this version does not know; upgrade first`,
    );
  return parsed.data;
}

function damaged(path: string, what: string): CommandFailure {
  return new CommandFailure("export_damaged", `${path} is not as it was written: ${what}; export again`);
}
