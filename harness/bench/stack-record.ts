/**
 * Sources, stacks, stored events and ended attempts for benches, written into a stopped edge's record.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { FeedSourceConfig } from "../../worker/contract/feed-source.ts";
import { StackConfig } from "../../worker/contract/stack.ts";

const AT = "2025-01-01T00:00:00.000Z";

/** Journal rows of an attempt that went well: created, dispatched, running, ended. */
const ROWS_AN_ATTEMPT = 4;

export function declareStacks(record: DatabaseSync, ids: readonly string[]): void {
  const config = StackConfig.parse({
    upstream: { url: "https://git.test/up" },
    fork: { url: "https://git.test/fork" },
    branch: "patched",
  });
  const insert = record.prepare("INSERT INTO stacks (id, config, created_at, updated_at) VALUES (?, ?, ?, ?)");
  for (const id of ids) insert.run(id, JSON.stringify(config), AT, AT);
}

/** Events that wait to be taken in, rising versions. */
export function storeEvents(record: DatabaseSync, stackId: string, eventIds: readonly string[]): void {
  const event = record.prepare(
    "INSERT INTO flow_events (id, type, received_at, payload) VALUES (?, 'upstream.release', ?, ?)",
  );
  const delivery = record.prepare(
    "INSERT INTO deliveries (event_id, stack_id, status, created_at) VALUES (?, ?, 'pending', ?)",
  );
  record.exec("BEGIN");
  for (const [i, id] of eventIds.entries()) {
    event.run(id, AT, JSON.stringify({ entry: { entryId: `v2.${i}.0`, tag: `v2.${i}.0` } }));
    delivery.run(id, stackId, AT);
  }
  record.exec("COMMIT");
}

/** Gives a stack this many ended attempts, each with its event, dispatch and journal. */
export function fillHistory(record: DatabaseSync, stackId: string, attempts: number): void {
  const series = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${attempts}),
    a AS (SELECT i, '${stackId}.' || i AS attempt, 'old:${stackId}:' || i AS event, 'v1.' || i || '.0' AS tag FROM n)`;
  record.exec("BEGIN");
  record.exec(`INSERT INTO flow_events (id, type, received_at, payload) ${series}
    SELECT event, 'upstream.release', '${AT}', json_object('entry', json_object('entryId', tag, 'tag', tag)) FROM a`);
  record.exec(`INSERT INTO deliveries (event_id, stack_id, status, created_at, accepted_at) ${series}
    SELECT event, '${stackId}', 'accepted', '${AT}', '${AT}' FROM a`);
  record.exec(`INSERT INTO maintenance_attempts (id, stack_id, event_id, number, operation, status, epoch, retries, onto, tag,
      movement, candidates, created_at, updated_at, ended_at) ${series}
    SELECT attempt, '${stackId}', event, i, 'maintain', 'completed', 1, 0, 'refs/tags/' || tag, tag, 'tag:' || tag, '[]',
      '${AT}', '${AT}', '${AT}' FROM a`);
  record.exec(`INSERT INTO dispatches (id, attempt_id, event_id, stack_id, epoch, driver, labels, status, created_at) ${series}
    SELECT attempt || '.1', attempt, event, '${stackId}', 1, 'pull', '[]', 'ended', '${AT}' FROM a`);
  record.exec(`INSERT INTO journal (stack_id, seq, at, actor, command, writer, kind, attempt_id, epoch) ${series}
    SELECT '${stackId}', (i - 1) * ${ROWS_AN_ATTEMPT} + j.value, '${AT}', 'bench', 'accept', 'bench', 'transition', attempt, 1
    FROM a, json_each('[1,2,3,4]') AS j`);
  record
    .prepare("UPDATE stacks SET attempt_count = ?, journal_seq = ?, highest_tag = ? WHERE id = ?")
    .run(attempts, attempts * ROWS_AN_ATTEMPT, `v1.${attempts}.0`, stackId);
  record.exec("COMMIT");
}

/** Sources as they are after many polls, none of them due. */
export function declareSources(record: DatabaseSync, count: number): void {
  const config = {
    provider: "github",
    url: "https://github.com/lantern/lantern/releases.atom",
    event: "release",
    target: { mode: "maintain", stacks: ["lantern"] },
  };
  record
    .prepare(
      `INSERT INTO feed_sources (id, config, next_poll_at, primed, etag, last_modified, last_poll_at, last_success_at,
         polls, last_outcome, reconcile_at, refs_seeded, created_at, updated_at)
       WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
       SELECT 'told-' || i, ?2, '9999', 1, 'W/"0123456789abcdef0123456789abcdef"', 'Sun, 22 Nov 2026 11:00:00 GMT', ?3, ?3,
         1000, 'not_modified', '9999', 1, ?3, ?3 FROM n`,
    )
    .run(count, JSON.stringify(FeedSourceConfig.parse(config)), AT);
}
