/**
 * An export's file, line by line: its header, its records, and the trailer that says that it is whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import {
  ExportHeader,
  ExportTrailer,
  RECORD_VERSION,
  type RecordKind,
  RecordLine,
} from "../../worker/contract/record.ts";
import { CommandFailure } from "../client/command-failure.ts";

/** A line of a file, by its number from 1. */
export type NumberedLine = { line: number; record: RecordLine };

/** What the lines of records amount to: what the trailer says of them. */
export class Tally {
  private readonly hash = createHash("sha256");
  private readonly kinds: Partial<Record<RecordKind, number>> = {};
  private records = 0;

  add(line: string, kind: RecordKind): void {
    this.hash.update(line).update("\n");
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
    this.records++;
  }

  get count(): number {
    return this.records;
  }

  trailer(): ExportTrailer {
    return { end: true, records: this.records, kinds: this.kinds, sha256: this.hash.copy().digest("hex") };
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
  for await (const { line, text } of linesOf(path)) {
    if (header === undefined) {
      header = headerOf(path, text);
      continue;
    }
    if (trailer !== undefined) throw damaged(path, `line ${line} comes after its end`);
    const value = parse(text);
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
  for await (const { line, text } of linesOf(path)) {
    const record = RecordLine.safeParse(parse(text));
    if (record.success && kinds.includes(record.data.kind)) yield { line, record: record.data };
  }
}

function headerOf(path: string, text: string): ExportHeader {
  const parsed = ExportHeader.safeParse(parse(text));
  if (!parsed.success)
    throw new CommandFailure("not_an_export", `${path} does not begin with the line that an export begins with`, 2);
  if (parsed.data.v > RECORD_VERSION)
    throw new CommandFailure(
      "export_too_new",
      `${path} was written by patch.moi ${parsed.data.version}, in a form that this version does not know; upgrade first`,
    );
  return parsed.data;
}

async function* linesOf(path: string): AsyncGenerator<{ line: number; text: string }> {
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity }))
      if (text !== "") yield { line: ++line, text };
      else line++;
  } catch (error) {
    throw new CommandFailure("unreadable", `cannot read ${path}: ${error instanceof Error ? error.message : ""}`, 2);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function damaged(path: string, what: string): CommandFailure {
  return new CommandFailure("export_damaged", `${path} is not as it was written: ${what}; export again`);
}
