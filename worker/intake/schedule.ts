/**
 * The cron's part of intake: claims the sources that are due, in batches, and puts those into the queue.
 *
 * @module
 */
import { readSettings } from "../platform/settings.ts";
import { openDatabase } from "../store/database.ts";
import { claimBatches, releaseBatches } from "../store/poll-batches.ts";
import type { PollMessage } from "./consume.ts";

/** Messages in one `sendBatch`; what the platform takes. */
const SEND_LIMIT = 100;

/** Queues a poll for every source that is due; gives their number. `now` in milliseconds since the epoch. */
export async function scheduleDuePolls(env: Pick<Env, "DB" | "POLL_QUEUE">, now: number): Promise<number> {
  const db = openDatabase(env.DB);
  const batches = await claimBatches(db, now, readSettings(env).pollBatch);
  for (let i = 0; i < batches.length; i += SEND_LIMIT) {
    const messages = batches.slice(i, i + SEND_LIMIT).map(({ id }) => ({ body: { v: 3, batchId: id } as const }));
    try {
      await env.POLL_QUEUE.sendBatch(messages satisfies { body: PollMessage }[]);
    } catch (error) {
      // Should this fail too, they expire. A message that was sent after all finds no batch, and does nothing.
      await releaseBatches(
        db,
        batches.slice(i).map(({ id }) => id),
      );
      throw error;
    }
  }
  return batches.reduce((sum, { sources }) => sum + sources, 0);
}
