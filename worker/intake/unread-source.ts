/**
 * Sources whose declaration this version cannot read: a newer one took it, and was taken back. They fail alone, and
 * are polled again where a version that knows them is.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { commit, type Database, StorageFault } from "../store/database.ts";
import { recordUnread } from "../store/feed-sources.ts";
import type { Unread } from "../store/prepared.ts";
import type { PollContext } from "./poll-context.ts";
import { unreadable } from "./polled.ts";

/** Until the next look, milliseconds: only another version or another declaration changes anything. */
const LATER_MS = 60 * 60_000;

/** Records on each of them why it was not polled. Throws {@link StorageFault}: then nothing is recorded. */
export async function failUnread(
  context: PollContext,
  db: Database,
  unread: readonly Unread[],
): Promise<{ sourceId: string; outcome: "failed" }[]> {
  if (unread.length === 0) return [];
  const now = context.now();
  const at = new Date(now).toISOString();
  const failed = unread.map(({ row, error }) => ({
    id: String(row.id),
    error: { ...unreadable(error.of(`feed source '${String(row.id)}'`)), at },
  }));
  const fault = await commit(db, [recordUnread(db, failed, new Date(now + LATER_MS).toISOString())]);
  if (fault !== undefined) throw new StorageFault(fault.kind === "fault" ? fault.message : fault.column);
  for (const { id, error } of failed) log("warn", "feed.polled", { sourceId: id, outcome: "failed", ...error });
  return failed.map(({ id }) => ({ sourceId: id, outcome: "failed" }));
}
