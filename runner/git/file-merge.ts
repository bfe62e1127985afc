/**
 * Three-way merge of one file where nothing can be said but one thing: no process is needed then.
 *
 * Each side's change is what lies between the lines both have in front and the lines both have
 * behind. Where the two changes lie apart, a clean merge can only be the base with both in it,
 * however a diff cuts them into hunks. Everything else is git's to merge: changes that touch, and
 * changes that a diff may slide along repeated lines until they do.
 *
 * @module
 */

/** Lines of context in a diff, which are part of its patch-id. */
const CONTEXT = 3;

/** Bytes; larger files are git's. */
export const MAX_MERGED = 1024 * 1024;

/** Lines `start` to `end` of the base became `lines`. */
interface Change {
  start: number;
  end: number;
  lines: readonly string[];
}

export interface MergedApart {
  content: Buffer;
  /** The patch makes the very same change to `ours` as to `base`: same lines, same context, same patch-id. */
  isSameChange: boolean;
}

/** The merged file, when it is certain; undefined when git must look. */
export function mergeApart(base: Buffer, ours: Buffer, theirs: Buffer): MergedApart | undefined {
  const [b, o, t] = [linesOf(base), linesOf(ours), linesOf(theirs)];
  if (b === undefined || o === undefined || t === undefined) return undefined;
  const our = changeOf(b, o);
  const their = changeOf(b, t);
  if (slides(b, our) || slides(b, their)) return undefined;
  const distance = Math.max(our.start - their.end, their.start - our.end);
  // At least one line between them, as git wants it.
  if (distance < 1) return undefined;
  const shift = our.start < their.start ? our.lines.length - (our.end - our.start) : 0;
  const merged = [...o.slice(0, their.start + shift), ...their.lines, ...o.slice(their.end + shift)];
  return {
    content: Buffer.from(merged.join(""), "latin1"),
    isSameChange: distance >= CONTEXT && !sharesLines(b, their),
  };
}

/** Lines with their newlines, one character for each byte; undefined for what is not plain text. */
function linesOf(content: Buffer): string[] | undefined {
  if (content.length === 0 || content.length > MAX_MERGED || content.includes(0) || content.at(-1) !== 10)
    return undefined;
  return content.toString("latin1").match(/[^\n]*\n/g) ?? [];
}

function changeOf(base: readonly string[], side: readonly string[]): Change {
  const shorter = Math.min(base.length, side.length);
  let start = 0;
  while (start < shorter && base[start] === side[start]) start += 1;
  let same = 0;
  while (same < shorter - start && base[base.length - 1 - same] === side[side.length - 1 - same]) same += 1;
  return { start, end: base.length - same, lines: side.slice(start, side.length - same) };
}

/** A hunk moves up or down when the line beyond it is one of its own: then it is not certain where it is. */
function slides(base: readonly string[], { start, end, lines }: Change): boolean {
  const own = new Set([...base.slice(start, end), ...lines]);
  return own.has(base[start - 1] ?? "") || own.has(base[end] ?? "");
}

/** Lines that stay within a change make more than one way to tell it. */
function sharesLines(base: readonly string[], { start, end, lines }: Change): boolean {
  const gone = new Set(base.slice(start, end));
  return lines.some((line) => gone.has(line));
}
