/**
 * Gives up batches whose polls ended their invocation, or could not be stored, each time they were tried.
 *
 * One source may be what breaks all of its batch off: too much to parse for one invocation, say. Its neighbours must
 * not wait for it, and nobody can tell from outside which one it is. So the batch is halved, and its halves are tried
 * as if they were new, until the source is alone; then it fails like any other, with a longer wait each time.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { findSources } from "../store/feed-sources.ts";
import { noteGivenUp } from "../store/given-up-polls.ts";
import { BROKE_OFF, halveBatch, sourcesLeft } from "../store/poll-batches.ts";
import type { PollContext } from "./poll-context.ts";
import type { PollEnd } from "./polled.ts";
import { recordEnds } from "./record-ends.ts";
import { sendBatches } from "./schedule.ts";
import { failUnread } from "./unread-source.ts";

/**
 * What is left of the batch is due again, by halves, or has failed. Does nothing where the batch has ended.
 *
 * @throws {StorageFault} nothing of it was done
 */
export async function giveUpBatch(
  context: PollContext,
  queue: Pick<Env, "POLL_QUEUE">,
  batchId: number,
): Promise<void> {
  const db = openDatabase(context.env.DB);
  const left = await sourcesLeft(db, batchId);
  const [only, ...others] = left;
  if (only === undefined) return;
  log("error", "polls.failed", {
    batch: batchId,
    sources: left.length,
    ...(others.length === 0 ? { sourceId: only } : {}),
  });
  if (others.length === 0) await failAlone(context, db, only, batchId);
  else await sendBatches(queue, db, await halveBatch(db, batchId, left, context.now()));
}

async function failAlone(context: PollContext, db: Database, id: string, batchId: number): Promise<void> {
  const { rows, unread } = await findSources(db, [id]);
  await failUnread(context, db, unread);
  const at = new Date(context.now()).toISOString();
  const ends = rows.flatMap((source): PollEnd[] => {
    if (!source.config.enabled) return [];
    const { etag, lastModified, movedTo } = source;
    const failure = { code: BROKE_OFF, message: BROKEN_OFF };
    return [
      { poll: { source, at, validators: { etag, lastModified }, movedTo, failure }, outcome: "failed", stackIds: [] },
    ];
  });
  await recordEnds(context, db, ends, { batchId, also: noteGivenUp(db, batchId, [id], context.now()) });
}

const BROKEN_OFF =
  "its poll broke off each time before its end could be stored, alone too: the feed may be too much for one invocation, or D1 did not answer";
