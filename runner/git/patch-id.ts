/**
 * The id of a patch, as `git patch-id --stable` computes it, from the text of its diff.
 *
 * A process for it would have to read the same text again; and its answer is compared with nothing
 * but others of ours, so that a git that computes it another way one day changes no outcome.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { ObjectFormat } from "./object-writer.ts";

/** Characters that are collected before they are hashed. */
const MAX_PENDING = 64 * 1024;

/**
 * Takes the lines of one patch, each byte one character (latin1), without their newlines.
 *
 * git leaves white space out of the id. `exact` keeps it: whether upstream has a patch is not told by
 * an id to which two indentations are one.
 */
export class PatchId {
  readonly #format: ObjectFormat;
  readonly #exact: boolean;
  readonly #sum: Buffer;
  #hash: Hash;
  #pending = "";
  #hashed = 0;
  /** Lines of the hunk still to come on each side; -1: in the header of a file. */
  #before = -1;
  #after = -1;
  #isBinary = false;
  #blobs: readonly [string, string] = ["", ""];

  constructor(format: ObjectFormat, kind: "git" | "exact" = "git") {
    this.#format = format;
    this.#exact = kind === "exact";
    this.#hash = createHash(format);
    this.#sum = Buffer.alloc(format === "sha256" ? 32 : 20);
  }

  line(line: string): void {
    // "\ No newline at end of file": not part of the change.
    if (line.startsWith("\\ ")) return;
    if (this.#hashed === 0 && !line.startsWith("diff ")) return;
    if (this.#before === -1 && this.#isHeaderDone(line)) return;
    if (this.#isBinary) {
      if (line.startsWith("diff ")) {
        this.#isBinary = false;
        this.#before = -1;
      }
      return;
    }
    if (this.#before === 0 && this.#after === 0) {
      if (line.startsWith("@@ -")) {
        this.#startHunk(line);
        return;
      }
      this.#addUp();
      this.#before = -1;
      this.#after = -1;
    }
    if (line[0] === "-" || line[0] === " ") this.#before -= 1;
    if (line[0] === "+" || line[0] === " ") this.#after -= 1;
    this.#update(this.#exact ? `${line}\n` : withoutSpace(line));
  }

  /** The id; undefined when there was no patch. */
  end(): string | undefined {
    if (this.#hashed === 0) return undefined;
    this.#addUp();
    return this.#sum.toString("hex");
  }

  /** True when the line is no part of the id. */
  #isHeaderDone(line: string): boolean {
    if (line.startsWith("GIT binary patch") || line.startsWith("Binary files")) {
      this.#isBinary = true;
      this.#before = 0;
      for (const oid of this.#blobs) this.#update(oid);
      this.#addUp();
      return true;
    }
    if (line.startsWith("index ")) {
      const match = /^index ([^ .]*)\.\.([^ ]*)/.exec(line);
      this.#blobs = [match?.[1] ?? "", match?.[2] ?? ""];
      return true;
    }
    if (line.startsWith("--- ")) {
      this.#before = 1;
      this.#after = 1;
    }
    return false;
  }

  #startHunk(line: string): void {
    const match = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))?/.exec(line);
    this.#before = Number(match?.[1] ?? 1);
    this.#after = Number(match?.[2] ?? 1);
  }

  #update(text: string): void {
    this.#hashed += text.length;
    this.#pending += text;
    if (this.#pending.length > MAX_PENDING) this.#hashPending();
  }

  #hashPending(): void {
    this.#hash.update(this.#pending, "latin1");
    this.#pending = "";
  }

  /** The files' hashes are added as numbers, lowest byte first: their order does not matter. */
  #addUp(): void {
    this.#hashPending();
    let carry = 0;
    for (const [index, byte] of this.#hash.digest().entries()) {
      carry += (this.#sum[index] ?? 0) + byte;
      this.#sum[index] = carry & 0xff;
      carry >>= 8;
    }
    this.#hash = createHash(this.#format);
  }
}

/** git reads lines as C strings: a NUL ends them. */
function withoutSpace(line: string): string {
  const nul = line.indexOf("\0");
  return (nul === -1 ? line : line.slice(0, nul)).replace(/[ \t\r\n]+/g, "");
}
