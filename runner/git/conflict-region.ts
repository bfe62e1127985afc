/**
 * The conflicting regions of a merged file, read from its conflict markers.
 *
 * @module
 */
import { difference } from "./line-sets.ts";

/** Lines of all regions of a file together, trimmed. Lines that both sides have say nothing and are left out. */
export interface ConflictRegion {
  /** Only in the base: what the patch expects to find. */
  expected: Set<string>;
  /** Only on our side: what stands there instead. */
  found: Set<string>;
  /** Only on the patch's side. */
  wanted: Set<string>;
}

/** Reads markers in the `diff3` style; nested ones (of criss-cross merges) are taken as text. */
export function conflictRegion(text: string): ConflictRegion {
  const sides = { ours: new Set<string>(), base: new Set<string>(), theirs: new Set<string>() };
  let side: keyof typeof sides | undefined;
  for (const line of text.split("\n")) {
    if (/^<{7}( |\r?$)/.test(line)) side = "ours";
    else if (side !== undefined && /^\|{7}( |\r?$)/.test(line)) side = "base";
    else if (side !== undefined && /^={7}\r?$/.test(line)) side = "theirs";
    else if (side !== undefined && /^>{7}( |\r?$)/.test(line)) side = undefined;
    else if (side !== undefined && line.trim() !== "") sides[side].add(line.trim());
  }
  return {
    expected: difference(sides.base, sides.ours),
    found: difference(sides.ours, sides.base),
    wanted: difference(sides.theirs, sides.base),
  };
}
