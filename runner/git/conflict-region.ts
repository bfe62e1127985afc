/**
 * The conflicting regions of a merged file, read from its conflict markers.
 *
 * @module
 */
import { difference } from "./line-sets.ts";

/** Lines of one region, or of several together, trimmed. */
export interface ConflictRegion {
  ours: Set<string>;
  base: Set<string>;
  theirs: Set<string>;
}

/** Reads markers in the `diff3` style; nested ones (of criss-cross merges) are taken as text. */
export function conflictRegions(text: string): ConflictRegion[] {
  const regions: ConflictRegion[] = [];
  let region: ConflictRegion | undefined;
  let side: keyof ConflictRegion = "ours";
  for (const line of text.split("\n")) {
    if (region === undefined) {
      if (!/^<{7}( |\r?$)/.test(line)) continue;
      region = { ours: new Set(), base: new Set(), theirs: new Set() };
      side = "ours";
    } else if (/^\|{7}( |\r?$)/.test(line)) side = "base";
    else if (/^={7}\r?$/.test(line)) side = "theirs";
    else if (/^>{7}( |\r?$)/.test(line)) {
      regions.push(region);
      region = undefined;
    } else if (line.trim() !== "") region[side].add(line.trim());
  }
  return regions;
}

/** What a conflict is about; lines that both sides have say nothing and are left out. */
export interface ConflictSubject {
  /** Only in the base: what the patch expects to find. */
  expected: Set<string>;
  /** Only on our side: what stands there instead. */
  found: Set<string>;
}

export function conflictSubject(regions: readonly ConflictRegion[]): ConflictSubject {
  return {
    expected: new Set(regions.flatMap(({ ours, base }) => [...difference(base, ours)])),
    found: new Set(regions.flatMap(({ ours, base }) => [...difference(ours, base)])),
  };
}
