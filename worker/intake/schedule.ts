/**
 * The cron's part of intake: claims the sources that are due, in batches, and puts those into the queue.
 *
 * @module
 */
import { readSettings } from "../platform/settings.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { claimBatches, releaseBatches } from "../store/poll-batches.ts";
import type { PollMessage } from "./consume.ts";

/** Messages in one `sendBatch`; what the platform takes. */
const SEND_LIMIT = 100;

/** Queues a poll for every source that is due; gives their number. `now` in milliseconds since the epoch. */
export async function scheduleDuePolls(env: Pick<Env, "DB" | "POLL_QUEUE">, now: number): Promise<number> {
  const db = openDatabase(env.DB);
  const batches = await claimBatches(db, now, readSettings(env).pollBatch);
  await sendBatches(
    env,
    db,
    batches.map(({ id }) => id),
  );
  return batches.reduce((sum, { sources }) => sum + sources, 0);
}

/** Puts batches into the queue; what it does not take is due again at once. */
export async function sendBatches(
  { POLL_QUEUE }: Pick<Env, "POLL_QUEUE">,
  db: Database,
  batchIds: readonly number[],
): Promise<void> {
  for (let i = 0; i < batchIds.length; i += SEND_LIMIT) {
    const messages = batchIds.slice(i, i + SEND_LIMIT).map((batchId) => ({ body: { v: 3, batchId } as const }));
    try {
      await POLL_QUEUE.sendBatch(messages satisfies { body: PollMessage }[]);
    } catch (error) {
      // Should this fail too, they expire. A message that was sent after all finds no batch, and does nothing.
      await releaseBatches(db, batchIds.slice(i));
      throw error;
    }
  }
}
