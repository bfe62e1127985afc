/**
 * Which patches a person says were dropped, in the note of a resume.
 *
 * Being mentioned is not enough: "fix line 5 moved to lib" says that it is kept. The word `drop` or
 * `dropped` must stand in the same sentence as the patch's subject or the beginning of its object
 * id, or at the head of the list that names it.
 *
 * @module
 */
import type { Commit } from "./commit.ts";

type Named = Pick<Commit, "oid" | "subject">;

const DROP = /\bdrop(?:s|ped|ping)?\b/i;
const NOT_DROP = /\b(?:not|never|without|cannot|\w+n['’]t)\s+(?:be\s+|been\s+)?drop(?:s|ped|ping)?\b/i;
/** `dropped:` and the like: the items below are meant. */
const LIST_HEAD = /:\s*$/;
const LIST_ITEM = /^\s*(?:[-*•]|\d+[.)])\s/;
/** `Dropped-by-us: …`, `drop abc1234 def5678`: all of the line is meant. */
const DROP_LINE = /^\W*drop(?:s|ped|ping)?\b/i;
const SENTENCE_END = /[.;!?](?:\s+|$)/;

const MENTION = "\u0001";
const ANOTHER = "\u0002";

/** @param stack all patches of the stack: the word `drop` in the subject of one says nothing about another. */
export function isDroppedInNote(note: string, patch: Named, stack: readonly Named[]): boolean {
  let inDropList = false;
  for (const line of masked(note, patch, stack).split("\n")) {
    const isItem = LIST_ITEM.test(line);
    if (isItem && inDropList && line.includes(MENTION)) return true;
    if (saysDropped(line)) return true;
    if (!isItem && line.trim() !== "") inDropList = LIST_HEAD.test(line) && dropsIn(line);
  }
  return false;
}

function saysDropped(line: string): boolean {
  if (DROP_LINE.test(line) && line.includes(MENTION)) return true;
  return line.split(SENTENCE_END).some((sentence) => sentence.includes(MENTION) && dropsIn(sentence));
}

function dropsIn(text: string): boolean {
  return DROP.test(text) && !NOT_DROP.test(text);
}

/** The note with a sign in place of each mention of a patch. */
function masked(note: string, patch: Named, stack: readonly Named[]): string {
  const subjects = new Set(stack.map(({ subject }) => subject).filter((subject) => subject !== ""));
  if (patch.subject !== "") subjects.add(patch.subject);
  let text = note;
  // The longest first: one subject can be a part of another.
  for (const subject of [...subjects].sort((a, b) => b.length - a.length))
    text = text.replace(wholeWords(subject), subject === patch.subject ? MENTION : ANOTHER);
  return text.replace(/\b[0-9a-f]{7,64}\b/gi, (word) => (patch.oid.startsWith(word.toLowerCase()) ? MENTION : word));
}

function wholeWords(text: string): RegExp {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, "giu");
}
