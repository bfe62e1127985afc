/**
 * Versions without a specification: `1.1.1w`, `REL_16_1`, `curl-8_5_0`, `2024-01-16T16-07-38Z`.
 *
 * A leading run of numbers decides first, then the rest piece by piece. Words that announce a
 * release (`rc`, `beta`, …) come before the bare version, every other word after it.
 *
 * @module
 */

/** Words of a version that is not final yet, earliest stage first. */
const STAGES: readonly (readonly string[])[] = [
  ["dev", "snapshot", "nightly", "canary", "insider", "insiders", "unstable", "experimental", "edge", "next"],
  ["pre", "preview", "ea"],
  ["alpha", "a"],
  ["beta", "b"],
  ["m", "milestone"],
  ["rc", "c", "cr", "candidate"],
];

/** Words that say nothing: `1.0-final` is `1.0`. */
const FINAL: readonly string[] = ["final", "ga", "release", "stable"];

/** Too short to announce anything by themselves: OpenSSL's `1.1.1a` is a patch, `1.1a1` an alpha. */
const NEEDS_NUMBER: readonly string[] = ["a", "b", "c", "m"];

type Piece = { number: string } | { word: string; stage: number };

export type LooseVersion = { release: readonly string[]; rest: readonly Piece[]; prerelease: boolean };

/** Reads any text that starts with a digit; undefined for other text. */
export function parseLoose(text: string): LooseVersion | undefined {
  const match = /^\d+(?:[._-]\d+)*/.exec(text);
  if (match === null) return undefined;
  const release = match[0].split(/[._-]/);
  const rest = pieces(text.slice(match[0].length));
  return { release, rest, prerelease: rest.some((piece) => "word" in piece && piece.stage < 0) };
}

function pieces(text: string): Piece[] {
  const tokens = text.toLowerCase().match(/\d+|[a-z]+/g) ?? [];
  const read: Piece[] = [];
  for (const [i, token] of tokens.entries()) {
    if (/^\d/.test(token)) read.push({ number: token });
    else if (!FINAL.includes(token)) read.push({ word: token, stage: stageOf(token, tokens[i + 1]) });
  }
  return read;
}

function stageOf(word: string, next: string | undefined): number {
  const index = STAGES.findIndex((words) => words.includes(word));
  if (index < 0) return 0;
  if (NEEDS_NUMBER.includes(word) && !/^\d/.test(next ?? "")) return 0;
  return index - STAGES.length;
}

export function compareLoose(a: LooseVersion, b: LooseVersion): -1 | 0 | 1 {
  const byRelease = compareNumberLists(a.release, b.release);
  if (byRelease !== 0) return byRelease;
  for (let i = 0; i < Math.max(a.rest.length, b.rest.length); i++) {
    const order = comparePieces(a.rest[i], b.rest[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares number by number; a missing number is zero. */
export function compareNumberLists(a: readonly string[], b: readonly string[]): -1 | 0 | 1 {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = compareNumbers(a[i] ?? "0", b[i] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

/** Digits of any length: date stamps with seconds are larger than a safe integer. */
function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  const x = a.replace(/^0+(?=\d)/, "");
  const y = b.replace(/^0+(?=\d)/, "");
  if (x.length !== y.length) return x.length < y.length ? -1 : 1;
  return order(x, y);
}

function comparePieces(a: Piece | undefined, b: Piece | undefined): -1 | 0 | 1 {
  if (a === undefined && b === undefined) return 0;
  if (a !== undefined && b !== undefined) {
    if ("number" in a && "number" in b) return compareNumbers(a.number, b.number);
    if ("word" in a && "word" in b) return a.stage !== b.stage ? (a.stage < b.stage ? -1 : 1) : compareWords(a, b);
    return "number" in a ? 1 : -1;
  }
  if (a === undefined) return flip(comparePieces(b, a));
  if ("number" in a) return compareNumbers(a.number, "0");
  return a.stage < 0 ? -1 : 1;
}

function compareWords(a: { word: string; stage: number }, b: { word: string; stage: number }): -1 | 0 | 1 {
  // Words of one stage are spellings of the same thing: `a` and `alpha`.
  return a.stage < 0 ? 0 : order(a.word, b.word);
}

function order(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function flip(value: -1 | 0 | 1): -1 | 0 | 1 {
  if (value === 0) return 0;
  return value === 1 ? -1 : 1;
}
