/**
 * Batches of polls that were given up, in D1: so that an operator hears of what nobody waits for any more.
 *
 * @module
 */
import type { Database, Statement } from "./database.ts";

/** How long they are kept, milliseconds. */
const KEPT_MS = 30 * 86_400_000;

/**
 * Writes down that a batch was given up, once; the oldest go with it.
 *
 * @param now milliseconds since the epoch
 */
export function noteGivenUp(db: Database, batchId: number, sourceIds: readonly string[], now: number): Statement[] {
  const at = (ms: number): string => new Date(ms).toISOString();
  return [
    db.$client
      .prepare("INSERT OR IGNORE INTO given_up_polls (batch_id, source_ids, at) VALUES (?1, ?2, ?3)")
      .bind(batchId, JSON.stringify(sourceIds), at(now)),
    // The newest one stays: how many there ever were is its number.
    db.$client
      .prepare("DELETE FROM given_up_polls WHERE at < ?1 AND position < (SELECT max(position) FROM given_up_polls)")
      .bind(at(now - KEPT_MS)),
  ];
}

/** How many there ever were; how many within a day before `?1`, and when the last of them was. */
export const GIVEN_UP_COUNTS = `SELECT 'ever' AS name, coalesce(max(position), 0) AS n, NULL AS oldest FROM given_up_polls
   UNION ALL SELECT 'today', count(*), max(at) FROM given_up_polls
     WHERE at > strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 day')`;
