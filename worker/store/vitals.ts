/**
 * How the deployment is, in numbers: what `/metrics` and the deep health check say.
 *
 * Ended attempts are summed from the counts that stacks keep, so a look costs a row per stack, per
 * source and per thing that is open or waits, whatever the history.
 *
 * @module
 */
import { z } from "zod";
import { type AttemptStatus, OPEN_STATUSES, TERMINAL_STATUSES } from "../contract/attempt.ts";
import { type Database, insertRow, reading, StorageFault } from "./database.ts";
import { GIVEN_UP_COUNTS } from "./given-up-polls.ts";
import { cronTicks } from "./schema.ts";

export type Vitals = {
  stacks: { declared: number; paused: number; behind: number };
  /** By the newest forecast of each stack that has one. */
  drift: { stackId: string; commits: number; days: number }[];
  /** By state; every state is there. */
  attempts: Record<AttemptStatus, number>;
  sources: {
    declared: number;
    failing: number;
    polls: number;
    failedPolls: number;
    /** Whose feed may have missed something that the refs could not tell yet, and since when the first of them. */
    gaps: number;
    gapsSince: string | null;
    /** Enabled ones whose poll is late, and since when the latest of them should have been polled. */
    overdue: number;
    overdueSince: string | null;
  };
  /** Batches of polls that were given up: ever, within the last day, and the last of these. */
  givenUp: { ever: number; today: number; last: string | null };
  /** Events stored whose stack has not accepted them yet. */
  deliveries: { pending: number; oldest: string | null };
  effects: { pending: number; oldest: string | null; dead: number };
  /** Attempts that wait for a person. */
  interventions: { waiting: number; oldest: string | null };
  /** Hand-overs that nobody has claimed. */
  dispatches: { waiting: number; oldest: string | null };
  /** Credentials that their forge takes no more requests with now, `name for host`, and until when. */
  limited: { what: string; until: string }[];
  /**
   * Stacks and sources whose import is not finished, how many, and the oldest of them by name: `stack 'web'`; when
   * lines came last of any file that one of them is of.
   */
  restoring: { count: number; oldest: { what: string; since: string }[]; lastAt: string | null };
  /** Secrets of runners and webhooks by the mark of the signing key that they were derived from, and one of each. */
  secrets: { mark: string; count: number; one: string }[];
  /** When the cron last came, and which of its parts failed then. */
  cron: { at: string; failed: string[] } | null;
  /** Name of the newest migration that was applied. */
  migration: string | null;
};

/** Unfinished restorations that are named; the others are counted. */
const NAMED = 5;

const OPEN = OPEN_STATUSES.map((status) => `'${status}'`).join(",");

/** Each gives `{name, n, oldest}` rows; in the order in which {@link readVitals} takes them. */
const COUNTS = [
  "SELECT 'declared' AS name, count(*) AS n, NULL AS oldest FROM stacks WHERE deleted_at IS NULL",
  "SELECT 'paused' AS name, count(*) AS n, NULL AS oldest FROM stacks WHERE deleted_at IS NULL AND paused = 1",
  `SELECT ended.key AS name, sum(ended.value) AS n, NULL AS oldest
   FROM stacks, json_each(stacks.ended_counts) AS ended GROUP BY ended.key`,
  `SELECT status AS name, count(*) AS n, NULL AS oldest
   FROM maintenance_attempts INDEXED BY attempts_open WHERE status IN (${OPEN}) GROUP BY status`,
  `SELECT 'declared' AS name, count(*) AS n, NULL AS oldest FROM feed_sources
   UNION ALL SELECT 'polls', coalesce(sum(polls), 0), NULL FROM feed_sources
   UNION ALL SELECT 'failedPolls', coalesce(sum(failed_polls), 0), NULL FROM feed_sources
   UNION ALL SELECT 'failing', count(*), NULL FROM feed_sources WHERE consecutive_failures > 0
   UNION ALL SELECT 'overdue', count(*), min(next_poll_at) FROM feed_sources
     WHERE next_poll_at IS NOT NULL AND next_poll_at <= ?1`,
  "SELECT 'pending' AS name, count(*) AS n, min(created_at) AS oldest FROM deliveries WHERE status = 'pending'",
  `SELECT 'pending' AS name, count(*) AS n, min(created_at) AS oldest FROM outbox WHERE status = 'pending'
   UNION ALL SELECT 'dead', count(*), min(created_at) FROM outbox WHERE status = 'dead'`,
  `SELECT 'waiting' AS name, count(*) AS n, min(updated_at) AS oldest
   FROM maintenance_attempts INDEXED BY attempts_waiting_since WHERE status = 'needs_intervention'`,
  "SELECT 'waiting' AS name, count(*) AS n, min(created_at) AS oldest FROM dispatches WHERE status = 'waiting'",
  "SELECT failed AS name, 0 AS n, at AS oldest FROM cron_ticks WHERE id = 1",
  "SELECT name, id AS n, NULL AS oldest FROM d1_migrations ORDER BY id DESC LIMIT 1",
  `SELECT 'behind' AS name, count(*) AS n, NULL AS oldest FROM stacks
   WHERE deleted_at IS NULL AND highest_tag IS NOT NULL AND highest_tag IS NOT json_extract(carried, '$.tag')`,
  `SELECT name || ' for ' || host AS name, 1 AS n, limited_until AS oldest FROM credentials
   WHERE limited_until > ?1 ORDER BY limited_until DESC, name`,
  `SELECT 'gaps' AS name, count(*) AS n, min(gap_since) AS oldest FROM feed_sources
   WHERE gap_since IS NOT NULL AND refs_error IS NOT NULL`,
  `SELECT kind || ' ''' || id || '''' AS name, count(*) OVER () AS n, since AS oldest FROM restorations
   ORDER BY since, kind DESC, id LIMIT ${NAMED}`,
  GIVEN_UP_COUNTS,
  `SELECT 'lines' AS name, 1 AS n, max(last_at) AS oldest FROM imports
   WHERE json_extract(file, '$.sha256') IN (SELECT sha256 FROM restorations)`,
  `SELECT substr(key_id, 1, instr(key_id, '.') - 1) AS name, count(*) AS n, 'runner ''' || min(name) || '''' AS oldest
     FROM runners WHERE instr(key_id, '.') > 0 GROUP BY 1
   UNION ALL SELECT substr(webhook_key_id, 1, instr(webhook_key_id, '.') - 1), count(*),
     'the webhook of source ''' || min(id) || '''' FROM feed_sources WHERE instr(webhook_key_id, '.') > 0 GROUP BY 1`,
] as const;

const DRIFT = `SELECT id AS stackId, json_extract(forecast, '$.drift.commitsBehind') AS commits,
    json_extract(forecast, '$.drift.daysBehind') AS days
  FROM stacks WHERE deleted_at IS NULL AND json_extract(forecast, '$.drift.commitsBehind') IS NOT NULL`;

const Drift = z.array(z.object({ stackId: z.string(), commits: z.number(), days: z.number() }));

const Rows = z.array(z.object({ name: z.string(), n: z.number(), oldest: z.string().nullable() }));
type Rows = z.infer<typeof Rows>;

const Failed = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.array(z.string()));

/** Reads all numbers in one request. `now` as ISO 8601; throws {@link StorageFault}. */
export async function readVitals(db: Database, now: string): Promise<Vitals> {
  const statements = COUNTS.map((text) => {
    const made = db.$client.prepare(text);
    return text.includes("?1") ? made.bind(now) : made;
  });
  const [drift, ...counted] = await reading(db.$client.batch([db.$client.prepare(DRIFT), ...statements]));
  const answers = counted.map(({ results }) => Rows.parse(results));
  if (answers.length !== COUNTS.length) throw new StorageFault("D1 answered another number of statements");
  const [stacks = [], paused = [], ended = [], open = [], sources = [], deliveries = []] = answers;
  const [effects = [], interventions = [], dispatches = [], cron = [], migrations = [], behind = []] = answers.slice(6);
  const limited = answers[12] ?? [];
  const gaps = answers[13] ?? [];
  const restoring = answers[14] ?? [];
  const [givenUp = [], restored = [], secrets = []] = answers.slice(15);
  const statuses = [...OPEN_STATUSES, ...TERMINAL_STATUSES].map((status): [AttemptStatus, number] => [
    status,
    count([...ended, ...open], status),
  ]);
  return {
    stacks: { declared: count(stacks, "declared"), paused: count(paused, "paused"), behind: count(behind, "behind") },
    drift: Drift.parse(drift?.results),
    attempts: Object.fromEntries(statuses) as Record<AttemptStatus, number>,
    sources: {
      declared: count(sources, "declared"),
      failing: count(sources, "failing"),
      polls: count(sources, "polls"),
      failedPolls: count(sources, "failedPolls"),
      gaps: count(gaps, "gaps"),
      gapsSince: oldest(gaps, "gaps"),
      overdue: count(sources, "overdue"),
      overdueSince: oldest(sources, "overdue"),
    },
    givenUp: { ever: count(givenUp, "ever"), today: count(givenUp, "today"), last: oldest(givenUp, "today") },
    deliveries: { pending: count(deliveries, "pending"), oldest: oldest(deliveries, "pending") },
    effects: {
      pending: count(effects, "pending"),
      oldest: oldest(effects, "pending"),
      dead: count(effects, "dead"),
    },
    interventions: { waiting: count(interventions, "waiting"), oldest: oldest(interventions, "waiting") },
    dispatches: { waiting: count(dispatches, "waiting"), oldest: oldest(dispatches, "waiting") },
    limited: limited.map(({ name, oldest: until }) => ({ what: name, until: until ?? now })),
    restoring: {
      count: restoring[0]?.n ?? 0,
      oldest: restoring.map(({ name, oldest: since }) => ({ what: name, since: since ?? now })),
      lastAt: oldest(restored, "lines"),
    },
    secrets: secrets.map(({ name: mark, n, oldest: one }) => ({ mark, count: n, one: one ?? "" })),
    cron: cron[0]?.oldest == null ? null : { at: cron[0].oldest, failed: Failed.parse(cron[0].name) },
    migration: migrations[0]?.name ?? null,
  };
}

function count(rows: Rows, name: string): number {
  return rows.find((row) => row.name === name)?.n ?? 0;
}

function oldest(rows: Rows, name: string): string | null {
  return rows.find((row) => row.name === name)?.oldest ?? null;
}

/** The cron was here. */
export async function recordTick(db: Database, at: string, failed: string[]): Promise<void> {
  await reading(insertRow(db, cronTicks, { id: 1, at, failed }, { update: ["id"] }).run());
}
