/**
 * Batches of due sources in D1: what the cron hands to the queue, a message and a row each.
 *
 * A batch is a lease of its sources. It may be begun in its first minutes only, and it expires when whoever began it
 * in the last of them has come to the platform's limit: so no source is in two hands, and what was lost on its way is
 * taken again. Sources that are in no batch and due are nobody's.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import { type Database, reading, type Statement } from "./database.ts";
import { noteGivenUp } from "./given-up-polls.ts";
import { type Named, prepared, type Unread } from "./prepared.ts";
import { feedSources } from "./schema.ts";

/** How long after its claim a batch may be begun, milliseconds: a queue that keeps up needs seconds. */
export const BEGIN_WITHIN_MS = 5 * 60_000;

/** No invocation of a queue's consumer lives longer than the platform's 15 minutes. */
const INVOCATION_MS = 15 * 60_000;

/** Code of a source's last error when polling it alone ended the invocation, each time. */
export const BROKE_OFF = "poll_broke_off";

/** Sources claimed in one minute, at most: as many as a deployment has by its quota. */
const CLAIM_LIMIT = 20_000;

export type PollBatch = { id: number; sources: number };

type SourceRow = typeof feedSources.$inferSelect;

/**
 * Takes the sources whose time has come into batches of up to `size`, longest due first; one that broke a poll off
 * when it was last tried goes alone. One transaction, so that two crons never take the same one; what expired is
 * forgotten by it, and due again. It reads every source's row: an index of their times would be written by every poll.
 *
 * @param now milliseconds since the epoch
 */
export async function claimBatches(db: Database, now: number, size: number): Promise<PollBatch[]> {
  const at = new Date(now).toISOString();
  const [, claimed] = await reading(
    db.$client.batch<PollBatch>([
      db.$client.prepare("DELETE FROM poll_batches WHERE expires_at <= ?1").bind(at),
      db.$client
        .prepare(
          // The numbers stand in the text: for bound ones SQLite plans anew each time.
          `INSERT INTO poll_batches (expires_at, source_ids)
           SELECT ?2, json_group_array(id) FROM (
             SELECT id, iif(last_error->>'$.code' = '${BROKE_OFF}', 'alone ' || id,
               (row_number() OVER (ORDER BY next_poll_at, position) - 1) / ${size}) AS part FROM feed_sources
             WHERE next_poll_at <= ?1
               AND id NOT IN (SELECT taken.value FROM poll_batches, json_each(poll_batches.source_ids) AS taken)
             ORDER BY next_poll_at, position LIMIT ${CLAIM_LIMIT})
           GROUP BY part
           RETURNING id, json_array_length(source_ids) AS sources`,
        )
        .bind(at, expiry(now)),
    ]),
  );
  return claimed?.results ?? [];
}

const sourcesOf = prepared((query, value: Named<"batchId" | "until">) =>
  query
    .select()
    .from(feedSources)
    .where(sql`${feedSources.id} IN (
    SELECT taken.value FROM poll_batches, json_each(poll_batches.source_ids) AS taken
    WHERE poll_batches.id = ${value("batchId")} AND poll_batches.expires_at >= ${value("until")})`),
);

/**
 * The sources of a batch that may be begun now; none of one that has ended, has expired, or is too old to be begun.
 *
 * @param now milliseconds since the epoch
 */
export async function batchSources(
  db: Database,
  batchId: number,
  now: number,
): Promise<{ rows: SourceRow[]; unread: Unread[] }> {
  return sourcesOf.readable(db, { batchId, until: new Date(now + INVOCATION_MS).toISOString() });
}

/** Ends a batch; where some of its sources could not be stored, it is a new batch of those under the same number. */
export function endBatch(db: Database, batchId: number, left: readonly string[], now: number): Statement {
  return left.length === 0
    ? db.$client.prepare("DELETE FROM poll_batches WHERE id = ?1").bind(batchId)
    : db.$client
        .prepare("UPDATE poll_batches SET source_ids = ?2, expires_at = ?3 WHERE id = ?1")
        .bind(batchId, JSON.stringify(left), expiry(now));
}

/** Names of a batch's sources, however old it is; none once it has ended. */
export async function sourcesLeft(db: Database, batchId: number): Promise<string[]> {
  const text =
    "SELECT taken.value AS id FROM poll_batches, json_each(poll_batches.source_ids) AS taken WHERE poll_batches.id = ?1";
  const { results } = await reading(db.$client.prepare(text).bind(batchId).all<{ id: string }>());
  return results.map(({ id }) => id);
}

/**
 * Gives a batch up for two of half its size, whose numbers it answers.
 *
 * @param left its sources, two or more
 * @param now milliseconds since the epoch
 */
export async function halveBatch(
  db: Database,
  batchId: number,
  left: readonly string[],
  now: number,
): Promise<number[]> {
  const half = Math.ceil(left.length / 2);
  const insert = db.$client.prepare("INSERT INTO poll_batches (expires_at, source_ids) VALUES (?1, ?2) RETURNING id");
  const answers = await reading(
    db.$client.batch<{ id: number }>([
      ...[left.slice(0, half), left.slice(half)].map((ids) => insert.bind(expiry(now), JSON.stringify(ids))),
      endBatch(db, batchId, [], now),
      ...noteGivenUp(db, batchId, left, now),
    ]),
  );
  return answers.slice(0, 2).flatMap(({ results }) => results.map(({ id }) => id));
}

/** Gives the sources of batches back that nobody has begun: they are claimed anew in the next minute. */
export async function releaseBatches(db: Database, batchIds: readonly number[]): Promise<void> {
  await reading(
    db.$client
      .prepare("DELETE FROM poll_batches WHERE id IN (SELECT value FROM json_each(?1))")
      .bind(JSON.stringify(batchIds))
      .run(),
  );
}

function expiry(now: number): string {
  return new Date(now + BEGIN_WITHIN_MS + INVOCATION_MS).toISOString();
}
