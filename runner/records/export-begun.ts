/**
 * What an earlier run of the same export left, and whether this one can go on with it.
 *
 * Beside `FILE` stand `FILE.part`, the lines so far, and `FILE.place`: how much of them counts, their SHA-256,
 * and where reading goes on. Only what is an export that was begun here is ever written over.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { z } from "@hono/zod-openapi";
import { ExportHeader, RECORD_VERSION, RecordKind } from "../../worker/contract/record.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { parseJson } from "../client/http.ts";
import { linesOf } from "./file-lines.ts";
import { MOST_LINE, Tally } from "./record-lines.ts";
import type { StreamPlace } from "./record-stream.ts";

export const Place = z.strictObject({
  server: z.string(),
  /** Of `FILE.part`, its header included. */
  bytes: z.int().min(0),
  kinds: z.partialRecord(RecordKind, z.int().min(0)),
  /** Of the lines after the header, hex. */
  sha256: z.string(),
  cursor: z.string().optional(),
  seqs: z.record(z.string(), z.int()),
});
export type Place = z.infer<typeof Place>;

export type Begun = { header: ExportHeader; tally: Tally; place: StreamPlace; bytes: number };

/** What can be gone on with; otherwise nothing or why it begins anew. */
export type Left = { kind: "begun"; begun: Begun } | { kind: "anew"; why: string | undefined };

/**
 * Reads it line by line, whatever its size.
 *
 * @throws {CommandFailure} `not_an_export`, `other_export`: what is there is somebody's and stays
 */
export async function readBegun(path: string, server: string, header: ExportHeader): Promise<Left> {
  await refuseForeign(path);
  const part = `${path}.part`;
  const first = await refuseForeign(part);
  if (first === undefined) return { kind: "anew", why: undefined };
  const place = placeOf(`${path}.place`);
  if (place === undefined) return { kind: "anew", why: `${part} says not how far it came` };
  if (place.server !== server) throw otherExport(part, `an export of ${place.server}`);
  if (first.credentials !== header.credentials)
    throw otherExport(part, `an export ${first.credentials === "sealed" ? "with" : "without"} credentials`);
  if (first.v !== RECORD_VERSION) return { kind: "anew", why: `${part} was begun by patch.moi ${first.version}` };
  const tally = await tallyOf(part, place);
  if (tally === undefined) return { kind: "anew", why: `${part} is not as it was written` };
  const { cursor, seqs } = place;
  return { kind: "begun", begun: { header: first, tally, place: { cursor, seqs }, bytes: place.bytes } };
}

/** The header of what is there; undefined when there is nothing, or no more than the beginning of ours. */
async function refuseForeign(path: string): Promise<ExportHeader | undefined> {
  if (!existsSync(path)) return undefined;
  for await (const { text, torn } of linesOf(path, { most: MOST_LINE })) {
    const header = ExportHeader.safeParse(parseJson(text));
    if (header.success) return header.data;
    if (torn && (text.startsWith(BEGINNING) || BEGINNING.startsWith(text))) return undefined;
    throw new CommandFailure("not_an_export", `${path} is there and is no export, so it stays; name another file`, 2);
  }
  return undefined;
}

const BEGINNING = '{"export":"patch.moi"';

/** Undefined when the lines are not those that were written. */
async function tallyOf(part: string, { bytes, kinds, sha256 }: Place): Promise<Tally | undefined> {
  const tally = new Tally(kinds);
  let read = 0;
  for await (const { line, text, torn } of linesOf(part, { most: MOST_LINE, end: bytes })) {
    if (torn) return undefined;
    read += Buffer.byteLength(text) + 1;
    if (line > 1) tally.pass(text);
  }
  return read === bytes && tally.sha256 === sha256 ? tally : undefined;
}

function placeOf(path: string): Place | undefined {
  return existsSync(path) ? Place.safeParse(parseJson(readFileSync(path, "utf8"))).data : undefined;
}

function otherExport(part: string, what: string): CommandFailure {
  return new CommandFailure(
    "other_export",
    `${part} is ${what} that is not whole: finish that, remove it, or name another file`,
    2,
  );
}
