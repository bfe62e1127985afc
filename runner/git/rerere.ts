/**
 * Conflicts as git-rerere(1) remembers them: a file's conflicts have an id made of their two sides,
 * and under it the file before (preimage) and after (postimage) a person resolved them.
 *
 * The format is git's own, so that what is stored here can be laid into a clone's `.git/rr-cache`
 * and the other way round: labels of markers and the base between them are left out, and the two
 * sides are sorted, so that the same conflict is recognised whichever way round it is met.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ObjectFormat } from "./object-writer.ts";

export interface NormalConflict {
  id: string;
  /** The whole file, its conflicts in the normal form. */
  preimage: Buffer;
}

/** Larger files are left to people. */
export const MAX_REMEMBERED = 1024 * 1024;

const MARKER = 7;

/** Undefined for a file without conflicts, with unfinished ones, or one that is no text. */
export function normalConflict(content: Buffer, format: ObjectFormat): NormalConflict | undefined {
  if (content.length > MAX_REMEMBERED || content.includes(0)) return undefined;
  // One character for each byte: the sides are compared as bytes.
  const lines = content.toString("latin1").split(/(?<=\n)/);
  const hash = createHash(format);
  let conflicts = 0;
  let at = 0;
  let out = "";
  while (at < lines.length) {
    const line = lines[at] ?? "";
    at += 1;
    if (!isMarker(line, "<")) {
      out += line;
      continue;
    }
    const read = readConflict(lines, at);
    if (read === undefined) return undefined;
    out += conflictText(read.sides);
    for (const side of read.sides) hash.update(Buffer.from(`${side}\0`, "latin1"));
    at = read.next;
    conflicts += 1;
  }
  return conflicts === 0 ? undefined : { id: hash.digest("hex"), preimage: Buffer.from(out, "latin1") };
}

/** True when a file holds anything that looks like the beginning or end of a conflict. */
export function hasMarkers(content: Buffer): boolean {
  return /^(?:<{7}|>{7})(?: |\r?$)/m.test(content.toString("latin1"));
}

type Sides = [string, string];

function readConflict(lines: readonly string[], from: number): { sides: Sides; next: number } | undefined {
  let side: "one" | "base" | "two" = "one";
  const text = { one: "", base: "", two: "" };
  for (let at = from; at < lines.length; ) {
    const line = lines[at] ?? "";
    at += 1;
    if (isMarker(line, "<")) {
      // One within another, of a merge of merges.
      const inner = readConflict(lines, at);
      if (inner === undefined) return undefined;
      text[side] += conflictText(inner.sides);
      at = inner.next;
    } else if (isMarker(line, "|")) {
      if (side !== "one") return undefined;
      side = "base";
    } else if (isMarker(line, "=")) {
      if (side === "two") return undefined;
      side = "two";
    } else if (isMarker(line, ">")) {
      if (side !== "two") return undefined;
      return { sides: text.one > text.two ? [text.two, text.one] : [text.one, text.two], next: at };
    } else text[side] += line;
  }
  return undefined;
}

function conflictText([one, two]: Sides): string {
  return `${"<".repeat(MARKER)}\n${one}${"=".repeat(MARKER)}\n${two}${">".repeat(MARKER)}\n`;
}

/** As git has it: the ones with a label need a space, the others anything that is white. */
function isMarker(line: string, character: string): boolean {
  if (!line.startsWith(character.repeat(MARKER))) return false;
  const next = line[MARKER] ?? "";
  return character === "<" || character === ">" ? next === " " : /\s/.test(next);
}
