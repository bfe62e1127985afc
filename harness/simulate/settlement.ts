/**
 * Whether everything has come to its end, or waits for a person.
 *
 * @module
 */
import { channelRef } from "../../worker/contract/channel.ts";
import type { Forge } from "./forge.ts";
import type { Problem } from "./journal-model.ts";
import type { Sqlite } from "./sqlite.ts";

/** A poll that was lost on its way is made up for sooner than this, milliseconds. */
const MADE_UP_WITHIN = 3_600_000;

/** When a tick of the cron would next find something to do. */
export function nextDue(record: Sqlite, now: number): number | undefined {
  const [row] = record.all<{ at: string | null; pending: number }>(
    `SELECT (SELECT min(at) FROM (SELECT min(next_action_at) AS at FROM stacks
         UNION ALL SELECT min(expires_at) FROM poll_batches
         UNION ALL SELECT min(next_poll_at) FROM feed_sources WHERE id NOT IN (
           SELECT taken.value FROM poll_batches, json_each(poll_batches.source_ids) AS taken))) AS at,
       EXISTS (SELECT 1 FROM deliveries WHERE status = 'pending') AS pending`,
  );
  if (row === undefined) return undefined;
  if (row.pending === 1) return now;
  return row.at === null ? undefined : Date.parse(row.at);
}

/** Something that is still under way; undefined when nothing is. */
export function unsettled(record: Sqlite, now: number): string | undefined {
  const [source] = record.all<{ id: string; at: string }>(
    "SELECT id, next_poll_at AS at FROM feed_sources WHERE next_poll_at <= ?1 LIMIT 1",
    new Date(now - MADE_UP_WITHIN).toISOString(),
  );
  if (source !== undefined) return `source ${source.id} should have been polled at ${source.at}`;
  const [delivery] = record.all<{ event_id: string }>(
    "SELECT event_id FROM deliveries WHERE status = 'pending' LIMIT 1",
  );
  if (delivery !== undefined) return `event ${delivery.event_id} is not delivered`;
  const [effect] = record.all<{ id: string }>("SELECT id FROM outbox WHERE status = 'pending' LIMIT 1");
  if (effect !== undefined) return `effect ${effect.id} has not left`;
  // A pause that arrived late waits for a person, and so does all that is queued behind it. In a stack that works in order, what waits behind somebody's intervention waits for that person.
  const [attempt] = record.all<{ id: string; status: string }>(
    `SELECT a.id, a.status FROM maintenance_attempts AS a JOIN stacks AS s ON s.id = a.stack_id
     WHERE a.status IN ('dispatched', 'running', 'blocked') OR (a.status = 'queued' AND s.paused = 0 AND NOT (
       json_extract(s.config, '$.policy.onNewer') = 'queue' AND a.operation NOT IN ('land', 'promote') AND EXISTS (
         SELECT 1 FROM maintenance_attempts AS w WHERE w.stack_id = a.stack_id AND w.number < a.number
           AND w.operation NOT IN ('land', 'promote') AND w.status = 'needs_intervention')))
     LIMIT 1`,
  );
  return attempt === undefined ? undefined : `attempt ${attempt.id} is ${attempt.status}`;
}

/** What the record says of the branch and of channels is what they have been. */
export function finalProblem(record: Sqlite, forges: ReadonlyMap<string, Forge>): Problem | undefined {
  const landed = record.all<{ stack_id: string; oid: string }>(
    `SELECT id AS stack_id, json_extract(carried, '$.oid') AS oid FROM stacks WHERE carried IS NOT NULL
     UNION SELECT stack_id, oid FROM candidates WHERE landed_at IS NOT NULL`,
  );
  for (const { stack_id: stackId, oid } of landed) {
    if (forges.get(stackId)?.history.includes(oid) !== true)
      return {
        invariant: "what landed is on the branch",
        message: `${stackId}: ${oid} is recorded as landed, but the branch has never stood there`,
      };
  }
  const channels = record.all<{ stack_id: string; channel: string; oid: string }>(
    `SELECT s.id AS stack_id, c.key AS channel, json_extract(c.value, '$.oid') AS oid
     FROM stacks AS s CROSS JOIN json_each(s.channels) AS c`,
  );
  for (const { stack_id: stackId, channel, oid } of channels) {
    if (forges.get(stackId)?.stood.has(`${channelRef(stackId, channel)} ${oid}`) !== true)
      return {
        invariant: "what was promoted is on the channel",
        message: `${stackId}: ${oid} is recorded on '${channel}', but the channel has never stood there`,
      };
  }
  // Nobody but our runners moves a channel here.
  const [stuck] = record.all<{ id: string }>(
    "SELECT id FROM maintenance_attempts WHERE operation = 'promote' AND json_extract(reason, '$.code') = 'channel_moved'",
  );
  if (stuck !== undefined)
    return { invariant: "what was promoted is on the channel", message: `${stuck.id} took our own push for another's` };
  return undefined;
}
