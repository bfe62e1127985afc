/**
 * Sets of lines, compared. `Set.prototype.difference` and its kin are newer than the language level
 * this project compiles for.
 *
 * @module
 */

export function difference(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((line) => !b.has(line)));
}

export function overlaps(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const line of a) if (b.has(line)) return true;
  return false;
}

/** How much two sets have in common, 0 to 1; of two empty sets nothing can be said: 0. */
export function commonShare(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = new Set([...a, ...b]).size;
  return all === 0 ? 0 : (a.size + b.size - all) / all;
}
