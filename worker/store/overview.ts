/**
 * The overview of all stacks in one request to D1: a page of stacks with what is newest of each, what
 * waits for a person, and what happened last. Each statement walks an index and reads its own length.
 *
 * @module
 */
import { z } from "zod";
import { AttemptOperation, AttemptStatus } from "../contract/attempt.ts";
import { LatestForecast } from "../contract/forecast.ts";
import { Reason } from "../contract/primitives.ts";
import { type Database, reading } from "./database.ts";

export const StackFilter = z.enum(["all", "waits", "working", "paused"]);
export type StackFilter = z.infer<typeof StackFilter>;

export type OverviewQuery = {
  /** Part of a stack's id or of its upstream's address. */
  find: string;
  show: StackFilter;
  /** Stacks whose id comes after this one. */
  after: string;
  limit: number;
};

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
const flag = z.int().transform((n) => n !== 0);

const StackLine = z.object({
  id: z.string(),
  upstream: z.string().nullable(),
  paused: flag,
  carried: z.string().nullable(),
  highestTag: z.string().nullable(),
  attemptId: z.string().nullable(),
  status: AttemptStatus.nullable(),
  operation: AttemptOperation.nullable(),
  tag: z.string().nullable(),
  onto: z.string().nullable(),
  reason: json(Reason).nullable(),
  updatedAt: z.string().nullable(),
  /** The newest candidate branch, while it has not landed. */
  candidateAttemptId: z.string().nullable(),
  candidateTag: z.string().nullable(),
  forecast: json(LatestForecast).nullable(),
  /** Commits behind by the last forecasts, newest first. */
  behind: json(z.array(z.int())),
});
/** A stack with its newest attempt and its newest candidate. */
export type StackLine = z.infer<typeof StackLine>;

const Movement = z.object({
  id: z.string(),
  tag: z.string().nullable(),
  title: z.string().nullable(),
  url: z.string().nullable(),
  receivedAt: z.string(),
  stackIds: json(z.array(z.string())),
});
export type Movement = z.infer<typeof Movement>;

const CarriedLine = z.object({
  id: z.string(),
  stackId: z.string(),
  operation: AttemptOperation,
  tag: z.string().nullable(),
  onto: z.string(),
  endedAt: z.string(),
});
export type CarriedLine = z.infer<typeof CarriedLine>;

export type Overview = { stacks: StackLine[]; moved: Movement[]; carried: CarriedLine[] };

/** Rows of what happened last. */
const LATEST = 6;

/** Of a stack `s`: one look into an index each, however long its history. */
const NEWEST_ATTEMPT =
  "(SELECT position FROM maintenance_attempts WHERE stack_id = s.id ORDER BY position DESC LIMIT 1)";
const NEWEST_CANDIDATE = `(SELECT position FROM candidates WHERE stack_id = s.id AND kind = 'branch'
  ORDER BY position DESC LIMIT 1)`;

/** Forecasts that a line of the drift is drawn through. */
const LINE = 16;

const BEHIND = `(SELECT json_group_array(commits_behind) FROM (
  SELECT commits_behind FROM forecasts WHERE stack_id = s.id ORDER BY number DESC LIMIT ${LINE})
  WHERE commits_behind IS NOT NULL)`;

/** What a filter asks of a stack `s`; looked up by index for each stack that is walked past. */
const SHOWS: Record<StackFilter, string> = {
  all: "true",
  waits: `(EXISTS (SELECT 1 FROM maintenance_attempts WHERE stack_id = s.id AND status = 'needs_intervention')
    OR (SELECT landed_at IS NULL FROM candidates WHERE position = ${NEWEST_CANDIDATE}))`,
  working: "(SELECT status IN ('dispatched', 'running') FROM maintenance_attempts WHERE id = s.current_attempt_id)",
  paused: "s.paused",
};

/** The stacks of the page first, walked in the order of their ids; what is newest of each only then. */
function stacksOf(show: StackFilter): string {
  return `SELECT s.id, s.upstream, s.paused, s.carried, s.highest_tag AS highestTag,
      a.id AS attemptId, a.status, a.operation, a.tag, a.onto, a.reason, a.updated_at AS updatedAt,
      iif(c.landed_at IS NULL, c.attempt_id, NULL) AS candidateAttemptId, iif(c.landed_at IS NULL, c.tag, NULL) AS candidateTag,
      s.forecast, ${BEHIND} AS behind
    FROM (SELECT s.id, s.paused, s.highest_tag, s.forecast, json_extract(s.config, '$.upstream.url') AS upstream,
        coalesce(json_extract(s.carried, '$.tag'), substr(json_extract(s.carried, '$.oid'), 1, 10)) AS carried
      FROM stacks AS s INDEXED BY stacks_id_unique
      WHERE s.deleted_at IS NULL AND s.id > ?1 AND ${SHOWS[show]}
        AND (?2 = '' OR instr(s.id, ?2) > 0 OR instr(lower(json_extract(s.config, '$.upstream.url')), ?2) > 0)
      ORDER BY s.id LIMIT ?3) AS s
    LEFT JOIN maintenance_attempts AS a ON a.position = ${NEWEST_ATTEMPT}
    LEFT JOIN candidates AS c ON c.position = ${NEWEST_CANDIDATE}
    ORDER BY s.id`;
}

const MOVED = `SELECT id, json_extract(payload, '$.entry.tag') AS tag, json_extract(payload, '$.entry.title') AS title,
    json_extract(payload, '$.entry.url') AS url, received_at AS receivedAt, stack_ids AS stackIds
  FROM flow_events ORDER BY position DESC LIMIT ${LATEST}`;

const CARRIED = `SELECT id, stack_id AS stackId, operation, tag, onto, coalesce(ended_at, updated_at) AS endedAt
  FROM maintenance_attempts WHERE status = 'changed' ORDER BY position DESC LIMIT ${LATEST}`;

/** One stack more than asked for tells that there is a next page. */
export async function readOverview(db: Database, query: OverviewQuery): Promise<Overview> {
  const { find, show, after, limit } = query;
  const [stacks, moved, carried] = await reading(
    db.$client.batch([
      db.$client.prepare(stacksOf(show)).bind(after, find.toLowerCase(), limit + 1),
      db.$client.prepare(MOVED),
      db.$client.prepare(CARRIED),
    ]),
  );
  return {
    stacks: StackLine.array().parse(stacks?.results),
    moved: Movement.array().parse(moved?.results),
    carried: CarriedLine.array().parse(carried?.results),
  };
}
