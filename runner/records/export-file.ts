/**
 * An export on its way into a file: what is written so far, and where it goes on after the connection broke.
 *
 * Beside `FILE` stand `FILE.part`, the lines so far, and `FILE.place`, which says how much of them counts:
 * what came after it was written is written again. `FILE` itself appears when it is whole.
 *
 * @module
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { z } from "@hono/zod-openapi";
import { ExportHeader, RecordLine } from "../../worker/contract/record.ts";
import { CommandFailure, describeError } from "../client/command-failure.ts";
import { Tally } from "./record-lines.ts";
import type { StreamPlace } from "./record-stream.ts";

const Place = z.strictObject({
  server: z.string(),
  bytes: z.int().min(0),
  cursor: z.string().optional(),
  seqs: z.record(z.string(), z.int()),
});

export class ExportFile {
  /** Where to go on reading. */
  readonly from: StreamPlace;
  /** Records that were there before. */
  readonly before: number;
  readonly header: ExportHeader;
  private readonly path: string;
  private readonly server: string;
  private readonly tally: Tally;
  private readonly file: number;
  private bytes: number;

  /** Begins a file, or goes on with the one that was begun from the same server. */
  constructor(path: string, server: string, header: ExportHeader) {
    this.path = path;
    this.server = server;
    const begun = readBegun(path, server, header.credentials);
    this.tally = begun?.tally ?? new Tally();
    this.before = this.tally.count;
    this.from = begun?.place ?? { seqs: {} };
    this.header = begun?.header ?? header;
    // Readable by its owner alone: it holds hashes of tokens and sealed credentials.
    this.file = opened(`${path}.part`, begun === undefined ? "w" : "r+");
    this.bytes = begun?.bytes ?? 0;
    ftruncateSync(this.file, this.bytes);
    if (begun === undefined) this.append(`${JSON.stringify(header)}\n`);
  }

  /** Adds lines; they count once the place after them is on disk. */
  add(lines: readonly RecordLine[], next: StreamPlace | undefined): void {
    let text = "";
    for (const record of lines) {
      const line = JSON.stringify(record);
      this.tally.add(line, record.kind);
      text += `${line}\n`;
    }
    this.append(text);
    if (next === undefined) return;
    fsyncSync(this.file);
    writeFileSync(`${this.path}.place.new`, JSON.stringify({ server: this.server, bytes: this.bytes, ...next }));
    renameSync(`${this.path}.place.new`, `${this.path}.place`);
  }

  /** Ends it: the file is whole from here on. */
  finish(): { records: number; kinds: object; sha256: string } {
    const { end: _end, ...trailer } = this.tally.trailer();
    this.append(`${JSON.stringify({ end: true, ...trailer })}\n`);
    fsyncSync(this.file);
    closeSync(this.file);
    renameSync(`${this.path}.part`, this.path);
    rmSync(`${this.path}.place`, { force: true });
    return trailer;
  }

  private append(text: string): void {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.file, bytes, done, bytes.length - done, this.bytes + done);
    this.bytes += bytes.length;
  }
}

type Begun = { header: ExportHeader; tally: Tally; place: StreamPlace; bytes: number };

/** What an earlier run left that this one can go on with. */
function readBegun(path: string, server: string, credentials: ExportHeader["credentials"]): Begun | undefined {
  if (!existsSync(`${path}.place`) || !existsSync(`${path}.part`)) return undefined;
  const parsed = Place.safeParse(parse(readFileSync(`${path}.place`, "utf8")));
  if (!parsed.success || parsed.data.server !== server) return undefined;
  const { bytes, cursor, seqs } = parsed.data;
  const text = readFileSync(`${path}.part`).subarray(0, bytes);
  if (text.length < bytes) return undefined;
  const [first = "", ...lines] = text.toString("utf8").split("\n").slice(0, -1);
  const header = ExportHeader.safeParse(parse(first));
  if (!header.success || header.data.credentials !== credentials) return undefined;
  const tally = new Tally();
  for (const line of lines) tally.add(line, RecordLine.parse(parse(line)).kind);
  return { header: header.data, tally, place: { cursor, seqs }, bytes };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function opened(path: string, flags: string): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    throw new CommandFailure("unwritable", `cannot write ${path}: ${describeError(error)}`, 2);
  }
}
