/**
 * The cron's part of intake: claims the sources that are due and puts them into the queue.
 *
 * @module
 */
import { openDatabase } from "../store/database.ts";
import { claimDueSources } from "../store/feed-sources.ts";
import type { PollMessage } from "./consume.ts";

/** Sources claimed in one tick. At a tick a minute this is more than a consumer can keep up with. */
const CLAIM_LIMIT = 5000;

/** Messages in one `sendBatch`; what the platform takes. */
const SEND_LIMIT = 100;

/** Queues a poll for every source that is due; gives their number. */
export async function scheduleDuePolls(env: Pick<Env, "DB" | "POLL_QUEUE">, now: number): Promise<number> {
  const due = await claimDueSources(openDatabase(env.DB), new Date(now).toISOString(), CLAIM_LIMIT);
  for (let i = 0; i < due.length; i += SEND_LIMIT) {
    const messages = due
      .slice(i, i + SEND_LIMIT)
      .map((sourceId) => ({ body: { v: 1, sourceId } satisfies PollMessage }));
    // A batch that is not sent is claimed again when its claim runs out: nothing is lost, only late.
    await env.POLL_QUEUE.sendBatch(messages);
  }
  return due.length;
}
