/**
 * Runner labels as records hold them.
 *
 * @module
 */

/** Sorted, each once: equal sets are equal text. */
export function labelSet(labels: readonly string[]): string[] {
  return [...new Set(labels)].toSorted();
}
