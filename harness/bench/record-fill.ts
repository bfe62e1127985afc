/**
 * Fills the record of a stopped edge: events and attempts by the million, everything else in proportion.
 *
 * Writes the SQLite file of the local D1 directly, with the real schema on it. Rows are made by SQL
 * from their own number, so that a record of a size is always the same record.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { StackConfig } from "../../worker/contract/stack.ts";
import { recordFile } from "../local-edge/local-record.ts";

export const STACKS = 1000;

/** Every attempt of ten stacks, of which this is one, is about one event: replayed as often as there are attempts. */
export const BUSY = { stackId: "s0001", stacks: 10, eventId: "patch:f0001:busy:upstream.release" } as const;

/** Opens the record of an edge that does not run; synchronous writes are off, so never for data of worth. */
export function openRecord(state: string): DatabaseSync {
  const record = new DatabaseSync(recordFile(state), { enableForeignKeyConstraints: false });
  record.exec("PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -400000;");
  return record;
}

/** Adds events and attempts number `from` up to `to`; both multiples of {@link STACKS}. */
export function fillRecord(record: DatabaseSync, from: number, to: number): void {
  // Indexes are made again at the end, which is several times faster; what triggers would do is in the rows.
  const indexes = indexesAndTriggers(record);
  record.exec("BEGIN");
  for (const { type, name } of indexes) record.exec(`DROP ${type} "${name}"`);
  if (from === 0) record.exec(DECLARATIONS);
  else record.exec(SETTLE);
  const series = `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${to}),
    r AS (SELECT i, i % ${STACKS} AS k, i / ${STACKS} + 1 AS number,
      strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i * 20, 'unixepoch') AS at,
      i >= ${to - STACKS} AS newest FROM n),
    a AS (SELECT *, printf('s%04d', k) AS stack, printf('f%04d', k) AS source, printf('s%04d.%d', k, number) AS attempt,
      'v1.' || number || '.0' AS tag, ${EVENT} AS event, ${TYPE} AS type, ${STATUS} AS status FROM r)`;
  for (const insert of INSERTS) record.exec(insert.replace("{{series}}", () => series));
  const last = to / STACKS;
  record.exec(
    `UPDATE stacks SET attempt_count = ${last}, journal_seq = ${last * 3}, current_attempt_id = id || '.' || ${last}`,
  );
  for (const { sql } of indexes) record.exec(sql);
  record.exec("COMMIT");
  record.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

function indexesAndTriggers(record: DatabaseSync): { type: string; name: string; sql: string }[] {
  const rows = record
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL")
    .all();
  return rows.map(({ type, name, sql }) => ({ type: String(type), name: String(name), sql: String(sql) }));
}

const EVENT = `iif(k BETWEEN 1 AND ${BUSY.stacks}, '${BUSY.eventId}', 'patch:' || printf('f%04d', k) || ':v1.' || number || '.0:upstream.release')`;
/** Pushes are one in fifty, so that a list of them by stack has far to look for the next one. */
const TYPE =
  "CASE WHEN number % 50 = 7 THEN 'upstream.push' WHEN number % 3 = 1 THEN 'upstream.tag' ELSE 'upstream.release' END";
/** The newest attempt of each stack is open, all others have ended. */
const STATUS = `CASE
  WHEN newest THEN CASE k % 10 WHEN 0 THEN 'running' WHEN 1 THEN 'needs_intervention' WHEN 2 THEN 'blocked' WHEN 3 THEN 'queued' ELSE 'dispatched' END
  WHEN number % 50 = 9 THEN 'failed' WHEN number % 20 = 3 THEN 'skipped' WHEN number % 10 = 4 THEN 'completed'
  WHEN number % 5 = 2 THEN 'superseded' ELSE 'changed' END`;

const OIDS = `json_array(json_object('kind', 'branch', 'ref', 'refs/heads/patch-moi/' || stack || '/' || tag, 'oid', printf('%040x', i)))`;

/** As a stack that was declared now would have it: every default is there. */
const CONFIG = sqlText(
  StackConfig.parse({
    upstream: { url: "https://git.test/up" },
    fork: { url: "https://git.test/fork" },
    branch: "patched",
    policy: { verify: ["npm test"] },
  }),
);

function sqlText(value: unknown): string {
  return `'${JSON.stringify(value).replaceAll("'", "''")}'`;
}

/** Every twentieth stack was deleted; every tenth source has failed for long. */
const DECLARATIONS = `
  INSERT INTO stacks (id, config, deleted_at, created_at, updated_at)
  WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k + 1 < ${STACKS})
  SELECT printf('s%04d', k), ${CONFIG}, iif(k % 20 = 19, '2025-01-01T00:00:00.000Z', NULL),
    '2023-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z' FROM n;
  INSERT INTO feed_sources (id, config, primed, consecutive_failures, last_success_at, created_at, updated_at)
  WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k + 1 < ${STACKS})
  SELECT printf('f%04d', k), json_object('provider', 'github', 'url', 'https://git.test/releases.atom', 'event', 'release',
    'target', json_object('mode', 'maintain', 'stacks', json_array(printf('s%04d', k))), 'enabled', json('false'),
    'pollIntervalSeconds', 300, 'primeOnly', json('true')), 1, iif(k % 10 = 5, 9, 0),
    iif(k % 20 = 5, NULL, '2025-01-01T00:00:00.000Z'), '2023-01-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z' FROM n;
  INSERT INTO source_stacks (source_id, stack_id) SELECT replace(id, 's', 'f'), id FROM stacks;
  INSERT INTO flow_events (id, type, source_id, received_at, stack_ids, payload) VALUES ('${BUSY.eventId}', 'upstream.release', 'f0001',
    '2023-01-01T00:00:00.000Z', '["${BUSY.stackId}"]', '{"entry":{"entryId":"busy","tag":"busy"}}');
`;

/** What was open before is over when newer attempts come. */
const SETTLE = `
  UPDATE maintenance_attempts SET status = 'completed', next_action_at = NULL, ended_at = updated_at
  WHERE status IN ('queued','dispatched','running','blocked','needs_intervention');
  UPDATE dispatches SET status = 'ended', outcome = 'completed' WHERE status = 'waiting';
`;

/** As the trigger, which does not stand while the record is filled, would write it. */
const DELIVERED = `json_object('sourceId', source_id, 'occurredAt', occurred_at, 'receivedAt', received_at,
  'payload', json(payload), 'stackIds', json(stack_ids))`;

const INSERTS = [
  `INSERT INTO flow_events (id, type, source_id, received_at, stack_ids, payload) {{series}}
   SELECT 'patch:' || source || ':' || tag || ':upstream.release', type, source, at, json_array(stack),
     json_object('entry', json_object('entryId', tag, 'title', 'Release ' || tag, 'url', 'https://git.test/' || tag, 'tag', tag)) FROM a`,
  `INSERT INTO deliveries (event_id, stack_id, type, event, status, created_at, accepted_at) {{series}}
   SELECT id, stack, e.type, ${DELIVERED}, 'accepted', at, at
   FROM a JOIN flow_events AS e ON e.id = 'patch:' || source || ':' || tag || ':upstream.release'`,
  `INSERT OR IGNORE INTO deliveries (event_id, stack_id, type, event, status, created_at, accepted_at)
   SELECT id, '${BUSY.stackId}', type, ${DELIVERED}, 'accepted', received_at, received_at FROM flow_events WHERE id = '${BUSY.eventId}'`,
  `INSERT INTO maintenance_attempts (id, stack_id, event_id, number, operation, status, epoch, retries, onto, tag, movement,
     candidates, created_at, updated_at, started_at, ended_at, next_action_at) {{series}}
   SELECT attempt, stack, event, number, 'maintain', status, 1, 0, 'refs/tags/' || tag, tag, 'tag:' || tag,
     iif(status = 'changed', ${OIDS}, '[]'), at, at, at, iif(newest, NULL, at), iif(newest, '2099-01-01T00:00:00.000Z', NULL) FROM a`,
  `INSERT INTO dispatches (id, attempt_id, event_id, stack_id, epoch, driver, labels, status, outcome, created_at) {{series}}
   SELECT attempt || '.1', attempt, event, stack, 1, 'pull', iif(k % 2, '[]', json_array(stack)),
     iif(status = 'dispatched', 'waiting', 'ended'), status, at FROM a`,
  `INSERT INTO candidates (id, stack_id, attempt_id, event_id, kind, ref, oid, tag, created_at) {{series}}
   SELECT attempt || '.c1', stack, attempt, event, 'branch', 'refs/heads/patch-moi/' || stack || '/' || tag, printf('%040x', i), tag, at
   FROM a WHERE status = 'changed'`,
  ...[
    [1, "created", "NULL", "'queued'"],
    [2, "transition", "'queued'", "'dispatched'"],
    [3, "transition", "'dispatched'", "status"],
  ].map(
    ([n, kind, before, after]) =>
      `INSERT INTO journal (stack_id, seq, at, actor, command, writer, kind, attempt_id, epoch, from_status, to_status) {{series}}
       SELECT stack, (number - 1) * 3 + ${n}, at, 'intake', 'accept', 'bench', '${kind}', attempt, 1, ${before}, ${after} FROM a`,
  ),
  `INSERT INTO reports (attempt_id, epoch, report, at) {{series}}
   SELECT attempt, 1, json_object('v', 1, 'stackId', stack, 'branch', 'patched', 'onto', json_object('ref', 'refs/tags/' || tag, 'oid', printf('%040x', i)),
     'base', json_object('oid', printf('%040x', i)), 'head', json_object('oid', printf('%040x', i)), 'patches', json('[]'),
     'counts', json('{"carried":0,"adapted":0,"upstreamed":0,"empty":0,"dropped":0,"conflicted":0}'), 'rangeDiff', '', 'verify', json('[]'),
     'drift', json('{"commitsBehind":0,"daysBehind":0}'), 'warnings', json('[]'),
     'timings', json('{"fetch":0,"replay":0,"checkout":0,"verify":0,"push":0}')), at FROM a WHERE number % 10 = 5`,
  `INSERT INTO feed_entries (source_id, entry_id, fingerprint, revision, tag, first_seen_at, last_seen_at) {{series}}
   SELECT source, tag, printf('%016x', i), 0, tag, at, at FROM a`,
  `INSERT INTO feed_signals (source_id, entry_id, revision, entry, disposition, decisions, event_id, seen_at) {{series}}
   SELECT source, tag, 0, json_object('entryId', tag, 'title', 'Release ' || tag, 'tag', tag), 'event', '[]',
     'patch:' || source || ':' || tag || ':upstream.release', at FROM a`,
  `INSERT INTO outbox (id, stack_id, attempt_id, kind, payload, status, tries, next_at, created_at) {{series}}
   SELECT attempt || ':' || i || ':discord', stack, attempt, 'notify.discord', '{}', iif(number % 100 = 10, 'dead', 'sent'), 1, at, at
   FROM a WHERE number % 10 = 0`,
];
