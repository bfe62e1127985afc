/**
 * Runner labels as records hold them.
 *
 * @module
 */

/** Sorted, each once: equal sets are equal text. */
export function labelSet(labels: readonly string[]): string[] {
  return [...new Set(labels)].toSorted();
}

/** With more labels than this the sets that can be made of them are too many to look for one by one. */
const MAX_SUBSETS_OF = 6;

/** Every set of these labels as JSON, as records hold it; undefined when they are too many. */
export function labelSubsets(labels: readonly string[]): string[] | undefined {
  if (labels.length > MAX_SUBSETS_OF) return undefined;
  let sets: string[][] = [[]];
  for (const label of labelSet(labels)) sets = sets.concat(sets.map((set) => [...set, label]));
  return sets.map((set) => JSON.stringify(set));
}
