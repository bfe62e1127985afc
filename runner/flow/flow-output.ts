/**
 * What a step prints: kept and logged like the output of any command, and searched for the line in
 * which it says how it ended.
 *
 * @module
 */
import { StringDecoder } from "node:string_decoder";
import { FlowResult } from "../../worker/contract/flow-result.ts";
import { describeIssues } from "../../worker/contract/issue-words.ts";
import { describeError } from "../client/command-failure.ts";
import { OutputEnds } from "../job/output-ends.ts";
import type { Redactor } from "../job/redact.ts";

const MARK = "FLOW_RESULT ";

/** Longest line that is read as a result. */
const MAX_RESULT = 1024 * 1024;

/** How much a step may print at all; what comes after is neither kept nor logged. */
const MAX_OUTPUT = 16 * 1024 * 1024;

export type ReadResult =
  | { kind: "result"; result: FlowResult; earlier: number }
  | { kind: "none" }
  | { kind: "unreadable"; problem: string };

export class FlowOutput {
  readonly #ends: OutputEnds;
  readonly #redact: Redactor;
  readonly #log: (text: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  /** The unfinished line of standard output; `undefined` while the rest of one that is too long goes by. */
  #line: string | undefined = "";
  #results = 0;
  #last: { text: string } | { tooLong: true } | undefined;
  #bytes = 0;

  constructor(redact: Redactor, log: (text: string) => void) {
    this.#redact = redact;
    this.#log = log;
    this.#ends = new OutputEnds(redact, log);
  }

  push(stream: "stdout" | "stderr", chunk: Buffer): void {
    const before = this.#bytes;
    this.#bytes += chunk.length;
    if (before <= MAX_OUTPUT && this.#bytes > MAX_OUTPUT)
      this.#log(`… more than ${MAX_OUTPUT} bytes: what follows is not kept …`);
    if (this.#bytes <= MAX_OUTPUT) this.#ends.push(stream, chunk);
    // The result is looked for to the end.
    if (stream === "stdout") this.#scan(this.#decoder.write(chunk));
  }

  /** Head and tail of what was printed, and the result, once the step has ended. */
  finish(): { output: string; result: ReadResult } {
    this.#scan(`${this.#decoder.end()}\n`);
    return { output: this.#ends.finish(), result: this.#read() };
  }

  #scan(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.#add(text.slice(from, end));
      this.#endLine();
      from = end + 1;
    }
    this.#add(text.slice(from));
  }

  #add(piece: string): void {
    if (this.#line === undefined) return;
    const line = this.#line + piece;
    // Of other lines only the beginning matters.
    if (!line.startsWith(MARK)) this.#line = line.length <= MARK.length ? line : undefined;
    else if (line.length <= MAX_RESULT) this.#line = line;
    else {
      this.#line = undefined;
      this.#results += 1;
      this.#last = { tooLong: true };
    }
  }

  #endLine(): void {
    if (this.#line?.startsWith(MARK)) {
      this.#results += 1;
      this.#last = { text: this.#line.slice(MARK.length).trim() };
    }
    this.#line = "";
  }

  #read(): ReadResult {
    if (this.#last === undefined) return { kind: "none" };
    if ("tooLong" in this.#last)
      return { kind: "unreadable", problem: `it is longer than ${MAX_RESULT} characters; put large things into files` };
    let document: unknown;
    try {
      document = JSON.parse(this.#redact(this.#last.text));
    } catch (error) {
      return { kind: "unreadable", problem: `it is not JSON: ${describeError(error)}` };
    }
    const parsed = FlowResult.safeParse(document);
    if (!parsed.success) return { kind: "unreadable", problem: describeIssues(parsed.error).slice(0, 3).join("; ") };
    return { kind: "result", result: parsed.data, earlier: this.#results - 1 };
  }
}
