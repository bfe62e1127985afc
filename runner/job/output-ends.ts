/**
 * A command's output: every line to the log, its head and tail kept for the report.
 *
 * @module
 */
import { StringDecoder } from "node:string_decoder";
import type { Redactor } from "./redact.ts";

const HEAD_CHARACTERS = 8 * 1024;
const TAIL_CHARACTERS = 24 * 1024;

/** A line longer than this is handed on in pieces. */
const MAX_LINE = 64 * 1024;

type Stream = "stdout" | "stderr";

export class OutputEnds {
  readonly #redact: Redactor;
  readonly #log: (text: string) => void;
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  /** Unfinished lines: a secret must be seen whole to be taken out. */
  readonly #pending = { stdout: "", stderr: "" };
  #head = "";
  #tail = "";
  #leftOut = 0;

  constructor(redact: Redactor, log: (text: string) => void) {
    this.#redact = redact;
    this.#log = log;
  }

  push(stream: Stream, chunk: Buffer): void {
    const text = this.#pending[stream] + this.#decoders[stream].write(chunk);
    const end = text.lastIndexOf("\n");
    if (end >= 0) this.#take(text.slice(0, end + 1));
    this.#pending[stream] = text.slice(end + 1);
    if (this.#pending[stream].length <= MAX_LINE) return;
    this.#take(`${this.#pending[stream]}\n`);
    this.#pending[stream] = "";
  }

  /** What is kept, once the command has ended. */
  finish(): string {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#pending[stream] + this.#decoders[stream].end();
      if (rest !== "") this.#take(`${rest}\n`);
      this.#pending[stream] = "";
    }
    const gap = this.#leftOut > 0 ? `… ${this.#leftOut} characters left out …\n` : "";
    return `${this.#head}${gap}${this.#tail}`;
  }

  #take(lines: string): void {
    const clean = this.#redact(lines);
    this.#log(clean.replace(/\n$/, ""));
    const room = HEAD_CHARACTERS - this.#head.length;
    if (room > 0 && this.#tail === "") {
      this.#head += clean.slice(0, room);
      this.#tail = clean.slice(room);
    } else this.#tail += clean;
    const over = this.#tail.length - TAIL_CHARACTERS;
    if (over <= 0) return;
    this.#leftOut += over;
    this.#tail = this.#tail.slice(over);
  }
}
