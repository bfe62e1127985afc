/**
 * A file line by line, as bytes: a line ends at a newline and nowhere else. Node's own reader also ends one at
 * U+2028, which JSON has in its strings, and keeps a file without newlines in memory whole.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { CommandFailure, describeError } from "../client/command-failure.ts";

/** A line by its number from 1, without its end. Only the last one of a file may lack that: `torn`. */
export type FileLine = { line: number; text: string; torn: boolean };

/** Every line of the file, or of its first `end` bytes, empty ones too. */
export async function* linesOf(path: string, { most, end }: { most: number; end?: number }): AsyncGenerator<FileLine> {
  let line = 0;
  let begun: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(path, end)) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const last = chunk.subarray(from, at);
      line++;
      check(path, line, size + last.length, most);
      yield { line, text: textOf(begun, last), torn: false };
      begun = [];
      size = 0;
      from = at + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    size += chunk.length - from;
    check(path, line + 1, size, most);
  }
  if (size > 0) yield { line: line + 1, text: textOf(begun, Buffer.alloc(0)), torn: true };
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** What came by way of another system may end its lines in two characters. */
function textOf(begun: readonly Buffer[], last: Buffer): string {
  const bytes = begun.length === 0 ? last : Buffer.concat([...begun, last]);
  return bytes.toString("utf8", 0, bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length);
}

function check(path: string, line: number, size: number, most: number): void {
  if (size > most)
    throw new CommandFailure(
      "line_too_long",
      `line ${line} of ${path} has more than ${most} bytes: no export writes one`,
    );
}

async function* chunksOf(path: string, end: number | undefined): AsyncGenerator<Buffer> {
  if (end === 0) return;
  const stream = createReadStream(path, { highWaterMark: 256 * 1024, ...(end === undefined ? {} : { end: end - 1 }) });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw new CommandFailure("unreadable", `cannot read ${path}: ${describeError(error)}`, 2);
  }
}
