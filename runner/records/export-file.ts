/**
 * An export on its way into a file: what is written so far, and where it goes on after the connection broke.
 *
 * Beside `FILE` stand `FILE.part` and `FILE.place` (see export-begun.ts); `FILE` itself appears when it is whole.
 *
 * @module
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import type { ExportHeader, ExportTrailer, RecordLine } from "../../worker/contract/record.ts";
import { CommandFailure, describeError } from "../client/command-failure.ts";
import { type Begun, type Place, readBegun } from "./export-begun.ts";
import { claimFile } from "./file-claim.ts";
import { Tally } from "./record-lines.ts";
import type { StreamPlace } from "./record-stream.ts";

export class ExportFile {
  /** Where to go on reading. */
  readonly from: StreamPlace;
  /** Records that were there before. */
  readonly before: number;
  /** Why what an earlier run left is not gone on with; undefined where it left nothing, or is. */
  readonly anew: string | undefined;
  readonly header: ExportHeader;
  private readonly path: string;
  private readonly server: string;
  private readonly tally: Tally;
  private readonly file: number;
  private readonly release: () => void;
  private bytes: number;

  /**
   * Begins a file, or goes on with the one that was begun from the same server.
   *
   * @throws {CommandFailure} `file_in_use`, `not_an_export`, `other_export`, `unwritable`, `disk_full`
   */
  static async open(path: string, server: string, header: ExportHeader): Promise<ExportFile> {
    const release = claimFile(path);
    try {
      const left = await readBegun(path, server, header);
      const begun = left.kind === "begun" ? left.begun : undefined;
      return new ExportFile(path, server, header, begun, left.kind === "anew" ? left.why : undefined, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  private constructor(
    path: string,
    server: string,
    header: ExportHeader,
    begun: Begun | undefined,
    anew: string | undefined,
    release: () => void,
  ) {
    this.path = path;
    this.server = server;
    this.release = release;
    this.anew = anew;
    this.tally = begun?.tally ?? new Tally();
    this.before = this.tally.count;
    this.from = begun?.place ?? { seqs: {} };
    this.header = begun?.header ?? header;
    // Without a part that it counts in there is no place.
    if (begun === undefined) rmSync(`${path}.place`, { force: true });
    // Readable by its owner alone: it holds hashes of tokens and sealed credentials.
    this.file = writing(`${path}.part`, () => openSync(`${path}.part`, begun === undefined ? "w" : "r+", 0o600));
    this.bytes = begun?.bytes ?? 0;
    if (begun === undefined) this.append(`${JSON.stringify(header)}\n`);
    else ftruncateSync(this.file, this.bytes);
  }

  /** Records so far. */
  get count(): number {
    return this.tally.count;
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
    const { server, bytes } = this;
    const place: Place = { server, bytes, kinds: this.tally.kinds, sha256: this.tally.sha256, ...next };
    writing(`${this.path}.place`, () => {
      fsyncSync(this.file);
      writeFileSync(`${this.path}.place.new`, JSON.stringify(place));
      renameSync(`${this.path}.place.new`, `${this.path}.place`);
    });
  }

  /** Ends it: the file is whole from here on. */
  finish(): Omit<ExportTrailer, "end"> {
    const { end: _end, ...trailer } = this.tally.trailer();
    this.append(`${JSON.stringify({ end: true, ...trailer })}\n`);
    writing(this.path, () => {
      fsyncSync(this.file);
      renameSync(`${this.path}.part`, this.path);
    });
    rmSync(`${this.path}.place`, { force: true });
    return trailer;
  }

  /** Lets go of it, whole or not. */
  close(): void {
    closeSync(this.file);
    this.release();
  }

  private append(text: string): void {
    const bytes = Buffer.from(text);
    writing(`${this.path}.part`, () => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.file, bytes, done, bytes.length - done, this.bytes + done);
    });
    this.bytes += bytes.length;
  }
}

/** Where an operator can do something about it. */
const FULL: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const full = FULL.has((error as NodeJS.ErrnoException).code);
    if (full) throw new CommandFailure("disk_full", `cannot write ${path}: ${describeError(error)}; make room there`);
    throw new CommandFailure("unwritable", `cannot write ${path}: ${describeError(error)}`, 2);
  }
}
