/**
 * Lets go of rows that are older than the deployment keeps them, a few at a time.
 *
 * Each kind is gone through in the order in which its rows were written, a batch in a minute, and what open work,
 * a landing or a question may need is passed over. Where it comes to rows that are too young it waits for a day;
 * once a month it begins anew, for what was passed over.
 *
 * @module
 */
import { RETENTION_KINDS, type RetentionKind, type RetentionPolicy } from "../contract/retention.ts";
import { type Database, reading } from "./database.ts";

/** Rows that are looked at in one batch. */
const BATCH = 200;

const DAY = 86_400_000;
const BEGIN_ANEW = 30 * DAY;

const OPEN = "status IN ('queued','dispatched','running','blocked','needs_intervention')";

/** Attempts of a stack whose reports its pages read. */
const REPORTS_KEPT = 60;

type Rule = {
  table: string;
  /** When a row was made. */
  at: string;
  /** Which of the old rows may go; `row` is the row, `?1` the row number that the batch begins after. */
  mayGo: string;
};

const RULES: Readonly<Record<RetentionKind, Rule>> = {
  effects: { table: "outbox", at: "created_at", mayGo: "row.status IN ('sent', 'folded')" },
  reports: {
    table: "reports",
    at: "at",
    // Landing a candidate reads its report; so do a stack's page and what the stack and its channels stand on.
    mayGo: `EXISTS (SELECT 1 FROM maintenance_attempts AS a JOIN stacks AS s ON s.id = a.stack_id
      WHERE a.id = row.attempt_id AND NOT (a.${OPEN}) AND a.number <= s.attempt_count - ${REPORTS_KEPT}
        AND a.id IS NOT json_extract(s.carried, '$.attemptId')
        AND NOT EXISTS (SELECT 1 FROM json_each(s.channels) AS c
          WHERE json_extract(c.value, '$.candidateId') LIKE a.id || '.c%')
        AND NOT EXISTS (SELECT 1 FROM maintenance_attempts AS l WHERE l.stack_id = a.stack_id AND l.${OPEN}
          AND l.lands_attempt_id = a.id))`,
  },
  dispatches: {
    table: "dispatches",
    at: "created_at",
    // Before work is handed over again, the surface's earlier runs for the event are looked at.
    mayGo: `row.status IN ('ended','expired','withdrawn') AND NOT EXISTS (SELECT 1 FROM maintenance_attempts AS a
      WHERE a.event_id = row.event_id AND a.stack_id = row.stack_id AND a.${OPEN})`,
  },
  signals: {
    table: "feed_signals",
    at: "seen_at",
    // By its tag a movement is asked for; and while its entry is known, the signal goes with it.
    mayGo: `json_extract(row.entry, '$.tag') IS NULL
      AND NOT EXISTS (SELECT 1 FROM feed_entries AS e WHERE e.source_id = row.source_id AND e.entry_id = row.entry_id)
      AND NOT EXISTS (SELECT 1 FROM maintenance_attempts AS a WHERE a.event_id = row.event_id AND a.${OPEN})`,
  },
  events: {
    table: "flow_events",
    at: "received_at",
    // An event that a stack has taken, or will, is part of its history.
    mayGo: `NOT EXISTS (SELECT 1 FROM maintenance_attempts AS a WHERE a.event_id = row.id)
      AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.event_id = row.id)`,
  },
  journal: {
    table: "journal",
    at: "at",
    // Its end stays, and so does everything from the first fact of an open attempt on: there is never a gap.
    mayGo: `row.seq < (SELECT journal_seq FROM stacks WHERE id = row.stack_id)
      AND row.seq < coalesce((SELECT min(j.seq) FROM maintenance_attempts AS a JOIN journal AS j ON j.attempt_id = a.id
        WHERE a.stack_id = row.stack_id AND a.${OPEN}), 9e15)
      AND (SELECT k.rowid FROM journal AS k WHERE k.stack_id = row.stack_id ORDER BY k.seq LIMIT 1) > ?1`,
  },
};

/** One batch of every kind that has something to look at; gives how many rows went, by kind. */
export async function retain(db: Database, policy: RetentionPolicy, now: number): Promise<Record<string, number>> {
  const at = iso(now);
  const { results } = await reading(
    db.$client
      .prepare("SELECT kind, after_row AS afterRow, next_at AS nextAt, begun_at AS begunAt FROM retention_sweeps")
      .all<{ kind: string; afterRow: number; nextAt: string; begunAt: string }>(),
  );
  const sweeps = new Map(results.map((sweep) => [sweep.kind, sweep]));
  const gone: Record<string, number> = {};
  for (const kind of RETENTION_KINDS) {
    const days = policy[kind];
    const sweep = sweeps.get(kind);
    if (days === null || (sweep !== undefined && sweep.nextAt > at)) continue;
    const anew = sweep === undefined || Date.parse(sweep.begunAt) <= now - BEGIN_ANEW;
    const from = { after: anew ? 0 : sweep.afterRow, begunAt: anew ? at : sweep.begunAt };
    const went = await sweepBatch(db, kind, from, iso(now - days * DAY), now);
    if (went > 0) gone[kind] = went;
  }
  return gone;
}

async function sweepBatch(
  db: Database,
  kind: RetentionKind,
  { after, begunAt }: { after: number; begunAt: string },
  before: string,
  now: number,
): Promise<number> {
  const { table, at, mayGo } = RULES[kind];
  const looked = await reading(
    db.$client
      .prepare(
        `SELECT count(*) AS old, coalesce(max(n), ?1) AS last FROM
           (SELECT rowid AS n, ${at} AS made FROM ${table} WHERE rowid > ?1 ORDER BY rowid LIMIT ${BATCH})
         WHERE made < ?2`,
      )
      .bind(after, before)
      .first<{ old: number; last: number }>(),
  );
  const { old, last } = looked ?? { old: 0, last: after };
  // Fewer old ones than a batch: the rest is too young, or there is no more.
  const nextAt = iso(old < BATCH ? now + DAY : now);
  const [deleted] = await reading(
    db.$client.batch([
      db.$client
        .prepare(
          `DELETE FROM ${table} WHERE rowid IN (SELECT row.rowid FROM ${table} AS row
             WHERE row.rowid > ?1 AND row.rowid <= ?2 AND row.${at} < ?3 AND ${mayGo})`,
        )
        .bind(after, last, before),
      db.$client
        .prepare(
          `INSERT INTO retention_sweeps (kind, after_row, next_at, begun_at) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (kind) DO UPDATE SET after_row = ?2, next_at = ?3, begun_at = ?4`,
        )
        .bind(kind, last, nextAt, begunAt),
    ]),
  );
  return deleted?.meta.changes ?? 0;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
