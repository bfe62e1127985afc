/**
 * The cron's part of intake: claims the sources that are due and puts them into the queue.
 *
 * @module
 */
import { readSettings } from "../platform/settings.ts";
import { openDatabase } from "../store/database.ts";
import { claimDueSources } from "../store/feed-sources.ts";
import { MESSAGE_SOURCES, type PollMessage } from "./consume.ts";

/** Sources claimed in one tick. At a tick a minute this is more than a consumer can keep up with. */
const CLAIM_LIMIT = 5000;

/** Messages in one `sendBatch`; what the platform takes. */
const SEND_LIMIT = 100;

/** Queues a poll for every source that is due; gives their number. */
export async function scheduleDuePolls(env: Pick<Env, "DB" | "POLL_QUEUE">, now: number): Promise<number> {
  const due = await claimDueSources(openDatabase(env.DB), new Date(now).toISOString(), CLAIM_LIMIT);
  const messages = pieces(due, Math.min(readSettings(env).pollBatch, MESSAGE_SOURCES)).map((sourceIds) => ({
    body: { v: 2, sourceIds } satisfies PollMessage,
  }));
  for (const batch of pieces(messages, SEND_LIMIT)) {
    // A batch that is not sent is claimed again when its claim runs out: nothing is lost, only late.
    await env.POLL_QUEUE.sendBatch(batch);
  }
  return due.length;
}

function pieces<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
