/**
 * Every kind of record that an export holds: which columns of which table it is, what names it, what its
 * values must be, and whose it is.
 *
 * Left out are answers to requests that may be sent again, used ID tokens, issuers' keys and the cron's last
 * visit: all are forgotten or made anew within days. So are the numbers that order rows.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Column, getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { AttemptOperation, AttemptStatus, CandidateRef } from "../contract/attempt.ts";
import { ChannelPointer } from "../contract/channel.ts";
import { CredentialKind } from "../contract/credential.ts";
import { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { FlowEventPayload } from "../contract/flow-event.ts";
import { FlowEventType } from "../contract/flow-event-type.ts";
import { ForecastConflict, ForecastOutcome, LatestForecast } from "../contract/forecast.ts";
import { DEPLOYMENT_TOKEN, TokenScope } from "../contract/identity.ts";
import { Name, Oid, Reason, Timestamp } from "../contract/primitives.ts";
import type { RecordKind } from "../contract/record.ts";
import { ImportFile, ImportId } from "../contract/record-import.ts";
import { OutcomeCounts, StackReport } from "../contract/report.ts";
import { StackConfig } from "../contract/stack.ts";
import { Surface, SurfaceRun } from "../contract/surface.ts";
import {
  attempts,
  candidates,
  credentials,
  deliveries,
  dispatches,
  earlierReports,
  feedEntries,
  feedSignals,
  feedSources,
  flowEvents,
  forecasts,
  imports,
  journal,
  outbox,
  reports,
  runners,
  sourceStacks,
  stackImports,
  stacks,
  tokens,
} from "./schema.ts";

export type KindOfRecord = {
  table: SQLiteTable;
  /** Property names of what names a record. */
  key: readonly string[];
  /** Properties and their columns, in the order in which a line gives them. */
  columns: readonly (readonly [string, Column])[];
  schema: z.ZodType<Record<string, unknown>>;
  /** Whose it is, and the property that names the owner: only an import that restores the owner writes it. */
  owner?: { kind: "stack" | "source"; property: string };
  /** New ones are taken also where the owner stands: they only add to what is known. */
  adds?: true;
  /** Properties that may differ without the record being another. */
  passing: readonly string[];
  /** Rows of one page. */
  page: number;
};

type Described<T extends SQLiteTable> = {
  key: readonly (keyof T["_"]["columns"] & string)[];
  only?: readonly (keyof T["_"]["columns"] & string)[];
  without?: readonly (keyof T["_"]["columns"] & string)[];
  /** What a column holds, where its type does not say it all. */
  holds?: Partial<Record<keyof T["_"]["columns"] & string, z.ZodType>>;
  /** Properties that are no columns of the table. */
  more?: Record<string, z.ZodType>;
} & Partial<Pick<KindOfRecord, "owner" | "adds" | "passing" | "page">>;

const PAGE = 500;

function kindOf<T extends SQLiteTable>(table: T, described: Described<T>): KindOfRecord {
  const { key, only, without = [], holds = {}, more = {}, page = PAGE, passing = [], ...rest } = described;
  const left = new Set<string>(["position", ...without]);
  const columns = Object.entries(getTableColumns(table) as Record<string, Column>).filter(
    ([property]) => !left.has(property) && (only === undefined || (only as readonly string[]).includes(property)),
  );
  const shape = columns.map(([property, column]) => {
    const given = (holds as Record<string, z.ZodType | undefined>)[property] ?? valueIn(property, column);
    const value = column.notNull ? given : given.nullable();
    // An older version exported without it: it is what the column is where nothing was said.
    return [property, column.notNull && column.default === undefined ? value : value.optional()] as const;
  });
  const schema = z.strictObject({ ...Object.fromEntries(shape), ...more });
  return { table, key, columns, schema, page, passing, ...rest };
}

/** By the column's own type; a name that ends in `At` is a time. */
function valueIn(property: string, column: Column): z.ZodType {
  if (column.dataType === "boolean") return z.boolean();
  if (column.dataType === "number") return column.getSQLType() === "integer" ? z.int() : z.number();
  if (column.dataType === "json") return z.unknown();
  return property === "at" || /(?:At|Until|Since)$/.test(property) ? Timestamp : z.string();
}

const ofStack = { owner: { kind: "stack", property: "stackId" } } as const;
const ofSource = { owner: { kind: "source", property: "sourceId" } } as const;
const ids = { stackId: Name, sourceId: Name };

/** An attempt's id says whose it is. */
const attemptId = z.string().regex(/^[a-z0-9].*\.[1-9][0-9]*$/, "is <stackId>.<number>");

/** What the declaration of a stack and of a source are; the rest of their rows is where they stand. */
const DECLARED = ["id", "config", "createdAt"] as const;

const Plan = z
  .strictObject({
    everySeconds: z.int(),
    labels: z.array(z.string()),
    dueAt: Timestamp.nullable(),
    nonce: z.string().nullable(),
    runner: z.string().nullable(),
    count: z.int(),
  })
  .nullable();
export type Plan = z.infer<typeof Plan>;

const Carried = z.strictObject({
  tag: z.string().optional(),
  oid: Oid,
  landedAt: Timestamp,
  attemptId: z.string().optional(),
});

const LastError = z.strictObject({ code: z.string(), message: z.string(), at: Timestamp });

export const KINDS: Readonly<Record<RecordKind, KindOfRecord>> = {
  stack: kindOf(stacks, { key: ["id"], only: DECLARED, holds: { id: Name, config: StackConfig } }),
  source: kindOf(feedSources, { key: ["id"], only: DECLARED, holds: { id: Name, config: FeedSourceConfig } }),
  source_stack: kindOf(sourceStacks, { key: ["sourceId", "stackId"], holds: ids, ...ofSource }),
  entry: kindOf(feedEntries, {
    key: ["sourceId", "entryId"],
    holds: ids,
    passing: ["fingerprint", "revision", "lastSeenAt"],
    adds: true,
    ...ofSource,
  }),
  signal: kindOf(feedSignals, {
    key: ["sourceId", "entryId", "revision"],
    holds: {
      ...ids,
      entry: FeedEntry,
      disposition: SignalDisposition,
      decisions: z.array(FilterDecision),
      seenAt: Timestamp,
    },
    adds: true,
    ...ofSource,
  }),
  journal: kindOf(journal, {
    key: ["stackId", "seq"],
    holds: {
      stackId: Name,
      seq: z.int().min(1),
      kind: z.enum(["created", "transition", "note", "evidence", "candidate", "outbox", "stack"]),
      fromStatus: AttemptStatus,
      toStatus: AttemptStatus,
      reason: Reason,
    },
    ...ofStack,
  }),
  event: kindOf(flowEvents, {
    key: ["id"],
    // A trigger on deliveries keeps them.
    without: ["stackIds"],
    holds: { id: z.string().min(1).max(1400), type: FlowEventType, payload: FlowEventPayload, receivedAt: Timestamp },
  }),
  delivery: kindOf(deliveries, {
    key: ["eventId", "stackId"],
    // Triggers make them of the event.
    without: ["type", "event"],
    holds: { stackId: Name, status: z.enum(["pending", "accepted"]) },
    ...ofStack,
  }),
  attempt: kindOf(attempts, {
    key: ["id"],
    holds: {
      id: attemptId,
      stackId: Name,
      number: z.int().min(1),
      operation: AttemptOperation,
      status: AttemptStatus,
      reason: Reason,
      resume: z.strictObject({ note: z.string(), resolvedRef: z.string().optional() }),
      runner: z.strictObject({ name: z.string(), version: z.string() }),
      surface: Surface,
      candidates: z.array(CandidateRef),
    },
    ...ofStack,
  }),
  report: kindOf(reports, {
    key: ["attemptId"],
    holds: { attemptId, report: StackReport },
    owner: { kind: "stack", property: "attemptId" },
    // One may have a megabyte.
    page: 8,
  }),
  earlier_report: kindOf(earlierReports, {
    key: ["attemptId", "epoch"],
    holds: { attemptId, report: StackReport },
    owner: { kind: "stack", property: "attemptId" },
    page: 8,
  }),
  dispatch: kindOf(dispatches, {
    key: ["id"],
    holds: {
      stackId: Name,
      labels: z.array(z.string()),
      status: z.enum(["waiting", "claimed", "ended", "expired", "withdrawn"]),
      runs: z.array(SurfaceRun),
      reason: Reason,
    },
    ...ofStack,
  }),
  candidate: kindOf(candidates, {
    key: ["id"],
    holds: { stackId: Name, kind: CandidateRef.shape.kind, oid: Oid },
    ...ofStack,
  }),
  effect: kindOf(outbox, {
    key: ["id"],
    holds: { stackId: Name, status: z.enum(["pending", "sent", "dead", "folded"]) },
    ...ofStack,
  }),
  forecast: kindOf(forecasts, {
    key: ["stackId", "number"],
    holds: {
      stackId: Name,
      outcome: ForecastOutcome,
      reason: Reason,
      onto: z.strictObject({ ref: z.string(), oid: Oid }),
      counts: OutcomeCounts,
      conflicts: z.array(ForecastConflict),
    },
    ...ofStack,
  }),
  runner: kindOf(runners, {
    key: ["name"],
    holds: { name: Name, labels: z.array(z.string()) },
    passing: ["version", "lastSeenAt"],
  }),
  token: kindOf(tokens, {
    key: ["name"],
    holds: {
      // Whoever had one of the deployment's own token's name would act under it.
      name: Name.refine((name) => name !== DEPLOYMENT_TOKEN, `'${DEPLOYMENT_TOKEN}' is the deployment's own token`),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      scopes: z.array(TokenScope),
    },
    passing: ["lastUsedAt"],
  }),
  credential: kindOf(credentials, { key: ["name"], without: ["limitedUntil"], holds: { kind: CredentialKind } }),
  import: kindOf(imports, {
    key: ["id"],
    holds: { id: ImportId, file: ImportFile },
    // It may be under way while it is exported.
    passing: ["made", "same", "refused", "lastAt", "endedAt"],
  }),
  stack_import: kindOf(stackImports, {
    key: ["stackId", "importId"],
    holds: { stackId: Name, importId: ImportId },
    ...ofStack,
  }),
  source_standing: kindOf(feedSources, {
    key: ["id"],
    without: ["config", "createdAt"],
    holds: {
      id: Name,
      lastOutcome: z.enum(["changed", "unchanged", "not_modified", "failed"]),
      lastError: LastError,
    },
    owner: { kind: "source", property: "id" },
  }),
  stack_standing: kindOf(stacks, {
    key: ["id"],
    without: ["config", "createdAt"],
    holds: {
      id: Name,
      endedCounts: z.partialRecord(AttemptStatus, z.int().min(0)),
      channels: z.record(z.string(), ChannelPointer),
      carried: Carried,
      forecast: LatestForecast,
    },
    more: { plan: Plan },
    owner: { kind: "stack", property: "id" },
  }),
};

/** Not columns of `stacks`: when its next forecast is due. */
export const PLAN_COLUMN = `(SELECT json_object('everySeconds', every_seconds, 'labels', json(labels), 'dueAt', due_at,
  'nonce', nonce, 'runner', runner, 'count', count) FROM forecast_plans WHERE stack_id = "stacks"."id") AS plan`;

/** A row as D1 gives it, as a line gives it: every property, in the kind's own order. */
export function recordOf(kind: RecordKind, row: unknown): Record<string, unknown> {
  const given = row as Record<string, unknown>;
  const record: Record<string, unknown> = {};
  for (const [property, column] of KINDS[kind].columns) {
    const value = given[column.name] ?? null;
    record[property] = value === null ? null : column.mapFromDriverValue(value);
  }
  if (kind === "stack_standing") record.plan = typeof given.plan === "string" ? (JSON.parse(given.plan) as Plan) : null;
  return record;
}

/** What a line says of a column, or what the column is where an older line says nothing. */
export function toldValue(record: Record<string, unknown>, property: string, column: Column): unknown {
  const given = record[property];
  return given === undefined ? (column.default ?? null) : given;
}

/** The columns that a kind is read from, for a SELECT. */
export function columnsOf(kind: RecordKind): string {
  const { table, columns } = KINDS[kind];
  const names = columns.map(([, { name }]) => `"${getTableName(table)}"."${name}"`);
  return [...names, ...(kind === "stack_standing" ? [PLAN_COLUMN] : [])].join(", ");
}

/** What names a record, as text for people. */
export function keyText(kind: RecordKind, record: Record<string, unknown>): string {
  return KINDS[kind].key.map((property) => String(record[property])).join(" ");
}

/** Stack or source that a record belongs to; undefined for what belongs to the deployment. */
export function ownerOf(kind: RecordKind, record: Record<string, unknown>): string | undefined {
  const { owner } = KINDS[kind];
  if (owner === undefined) return undefined;
  const named = String(record[owner.property]);
  return owner.property === "attemptId" ? named.replace(/\.[0-9]+$/, "") : named;
}
