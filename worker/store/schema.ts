/**
 * The D1 schema. `npm run migrations` writes the SQL from it into `migrations/`.
 *
 * Times are ISO 8601 UTC text (they sort as they are, and a person can read a row). Every list that
 * the API serves orders by an `INTEGER PRIMARY KEY` and has an index that starts with its filter, so
 * a page costs its own length in rows read, whatever the size of the table.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AttemptOperation, AttemptStatus, CandidateRef, EndedCounts } from "../contract/attempt.ts";
import type { ChannelPointer } from "../contract/channel.ts";
import type { CredentialKind } from "../contract/credential.ts";
import type { FeedEntry, FilterDecision, SignalDisposition } from "../contract/feed-signal.ts";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import type { FlowEventPayload } from "../contract/flow-event.ts";
import type { FlowEventType } from "../contract/flow-event-type.ts";
import type { ForecastConflict, ForecastOutcome, LatestForecast } from "../contract/forecast.ts";
import type { TokenScope } from "../contract/identity.ts";
import type { Reason } from "../contract/primitives.ts";
import type { ImportFile } from "../contract/record-import.ts";
import type { OutcomeCounts, StackReport } from "../contract/report.ts";
import { type NotifyTarget, StackConfig } from "../contract/stack.ts";
import type { Surface, SurfaceRun } from "../contract/surface.ts";
import { declared } from "./declared-column.ts";

const stackConfig = declared("a stack", (value) => StackConfig.parse(value));
const sourceConfig = declared("a feed source", (value) => FeedSourceConfig.parse(value));

/** One row per patch stack. Only its object writes the rows below `-- object`. */
export const stacks = sqliteTable(
  "stacks",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    config: stackConfig("config").notNull(),
    paused: integer("paused", { mode: "boolean" }).notNull().default(false),
    /** A deleted stack keeps its records; declaring the id again brings it back. */
    deletedAt: text("deleted_at"),
    // -- object: last journal row, number of the last attempt, and where the release line stands.
    journalSeq: integer("journal_seq").notNull().default(0),
    attemptCount: integer("attempt_count").notNull().default(0),
    /** Attempts that have ended, by how: counted as they end, since counting them later reads them all. */
    endedCounts: text("ended_counts", { mode: "json" }).$type<EndedCounts>().notNull().default({}),
    highestTag: text("highest_tag"),
    /** What each channel stands on. */
    channels: text("channels", { mode: "json" }).$type<Record<string, ChannelPointer>>().notNull().default({}),
    carried: text("carried", { mode: "json" }).$type<{
      tag?: string | undefined;
      oid: string;
      landedAt: string;
      attemptId?: string | undefined;
    }>(),
    /** The newest attempt that has not ended, so that a list of stacks need not look for it. */
    currentAttemptId: text("current_attempt_id"),
    /** When the object next has something to do by itself; the cron pokes stacks whose time has passed. */
    nextActionAt: text("next_action_at"),
    // -- forecasts: the newest one, so that a list of stacks need not look for it.
    forecast: text("forecast", { mode: "json" }).$type<LatestForecast>(),
    createdAt: text("created_at").notNull(),
    updatedAt: text("updated_at").notNull(),
  },
  (t) => [
    index("stacks_next_action").on(t.nextActionAt).where(sql`next_action_at IS NOT NULL`),
    index("stacks_present").on(t.deletedAt, t.position),
  ],
);

export const feedSources = sqliteTable(
  "feed_sources",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    config: sourceConfig("config").notNull(),
    /** Null while the source is disabled. */
    nextPollAt: text("next_poll_at"),
    primed: integer("primed", { mode: "boolean" }).notNull().default(false),
    etag: text("etag"),
    lastModified: text("last_modified"),
    lastPollAt: text("last_poll_at"),
    lastSuccessAt: text("last_success_at"),
    /** Polls made, and those of them that failed. */
    polls: integer("polls").notNull().default(0),
    failedPolls: integer("failed_polls").notNull().default(0),
    lastOutcome: text("last_outcome").$type<"changed" | "unchanged" | "not_modified" | "failed">(),
    consecutiveFailures: integer("consecutive_failures").notNull().default(0),
    lastError: text("last_error", { mode: "json" }).$type<{ code: string; message: string; at: string }>(),
    movedTo: text("moved_to"),
    /** When the window was found too small for what happened: entries may be missing until the refs were read. */
    gapSince: text("gap_since"),
    /** When the remote's refs are read next; null until they were tried for the first time. */
    reconcileAt: text("reconcile_at"),
    /** Why the refs could not be read when they were last asked for, or why there is nothing to ask. */
    refsError: text("refs_error", { mode: "json" }).$type<{ code: string; message: string; at: string }>(),
    /** Whether the refs that were there before we watched are known. */
    refsSeeded: integer("refs_seeded", { mode: "boolean" }).notNull().default(false),
    /** Part of what the secret of its webhook is derived from; null while it takes none. */
    webhookKeyId: text("webhook_key_id"),
    createdAt: text("created_at").notNull(),
    updatedAt: text("updated_at").notNull(),
  },
  (t) => [
    // No index of what a good poll writes: each would be a second row written by every poll. The cron reads the table.
    index("feed_sources_failing_since")
      .on(sql`CASE WHEN last_success_at IS NULL THEN created_at ELSE last_success_at END`, t.id)
      .where(sql`consecutive_failures > 0`),
  ],
);

/**
 * Sources that the cron handed to the queue as one message: so many share a row, which goes when they are polled. One
 * that is lost expires.
 */
export const pollBatches = sqliteTable("poll_batches", {
  /** Never given twice: a message may come long after its batch has gone. */
  id: integer("id").primaryKey({ autoIncrement: true }),
  sourceIds: text("source_ids", { mode: "json" }).$type<string[]>().notNull(),
  expiresAt: text("expires_at").notNull(),
});

/** Batches that were given up: each time they were tried their polls broke off, or could not be stored. */
export const givenUpPolls = sqliteTable("given_up_polls", {
  /** Never given twice, so that the newest one's is how many there ever were. */
  position: integer("position").primaryKey({ autoIncrement: true }),
  batchId: integer("batch_id").notNull().unique(),
  sourceIds: text("source_ids", { mode: "json" }).$type<string[]>().notNull(),
  at: text("at").notNull(),
});

/** Which stacks a source feeds; kept beside the configuration so that the database can hold the reference. */
export const sourceStacks = sqliteTable(
  "source_stacks",
  {
    sourceId: text("source_id")
      .notNull()
      .references(() => feedSources.id, { onDelete: "cascade" }),
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
  },
  (t) => [primaryKey({ columns: [t.sourceId, t.stackId] }), index("source_stacks_stack").on(t.stackId)],
);

/** Every entry that a feed or the refs showed within half a year, by key: what decides whether something is new. */
export const feedEntries = sqliteTable(
  "feed_entries",
  {
    sourceId: text("source_id")
      .notNull()
      .references(() => feedSources.id, { onDelete: "cascade" }),
    entryId: text("entry_id").notNull(),
    /** Hash of what a reader would call the entry's content; empty while only the remote's refs tell of it. */
    fingerprint: text("fingerprint").notNull(),
    revision: integer("revision").notNull().default(0),
    /** A feed and the remote's refs name the same movement by its tag. */
    tag: text("tag"),
    /** Commit behind the tag when the refs were last read: another one later is a moved tag. */
    commit: text("commit_oid"),
    firstSeenAt: text("first_seen_at").notNull(),
    lastSeenAt: text("last_seen_at").notNull(),
    /** Number of the source's first good poll that did not show it; null while its feed shows it, 0 where it never did. */
    missingFrom: integer("missing_from").default(0),
  },
  (t) => [
    primaryKey({ columns: [t.sourceId, t.entryId] }),
    index("feed_entries_standing").on(t.sourceId).where(sql`missing_from IS NULL`),
    index("feed_entries_tag").on(t.sourceId, t.tag).where(sql`tag IS NOT NULL`),
  ],
);

/** What a signal's entry calls its version. Without commas: drizzle-kit takes them for columns. */
export const SIGNAL_VERSION = sql`CASE WHEN entry->>'$.tag' IS NULL THEN entry->>'$.version' ELSE entry->>'$.tag' END`;

export const feedSignals = sqliteTable(
  "feed_signals",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    sourceId: text("source_id")
      .notNull()
      .references(() => feedSources.id, { onDelete: "cascade" }),
    entryId: text("entry_id").notNull(),
    revision: integer("revision").notNull(),
    entry: text("entry", { mode: "json" }).$type<FeedEntry>().notNull(),
    disposition: text("disposition").$type<SignalDisposition>().notNull(),
    decisions: text("decisions", { mode: "json" }).$type<FilterDecision[]>().notNull(),
    eventId: text("event_id"),
    seenAt: text("seen_at").notNull(),
  },
  (t) => [
    uniqueIndex("feed_signals_revision").on(t.sourceId, t.entryId, t.revision),
    index("feed_signals_source").on(t.sourceId, t.position),
    /** Signals outlive the entries' rows: what a version was is asked of them. */
    index("feed_signals_version").on(t.sourceId, SIGNAL_VERSION),
  ],
);

export const flowEvents = sqliteTable(
  "flow_events",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    type: text("type").$type<FlowEventType>().notNull(),
    /** Not a reference: the event outlives the source it came from. */
    sourceId: text("source_id"),
    occurredAt: text("occurred_at"),
    receivedAt: text("received_at").notNull(),
    payload: text("payload", { mode: "json" }).$type<FlowEventPayload>().notNull(),
    /** Of its deliveries, in their order: who knows them gives them, and a trigger on `deliveries` adds those that come later. */
    stackIds: text("stack_ids", { mode: "json" }).$type<string[]>().notNull().default([]),
  },
  (t) => [index("flow_events_type").on(t.type, t.position)],
);

/** What a delivery repeats of its event. */
export type DeliveredEvent = Pick<
  typeof flowEvents.$inferSelect,
  "sourceId" | "occurredAt" | "receivedAt" | "payload" | "stackIds"
>;

/** Hand-over of an event to a stack: `pending` until the stack's journal holds it. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    eventId: text("event_id")
      .notNull()
      .references(() => flowEvents.id),
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    /** The event's own, for lists by stack and type: a trigger fills it in. */
    type: text("type").$type<FlowEventType>(),
    /** The rest of the event, so that a list by stack reads one row for each: triggers fill it in, and keep it. */
    event: text("event", { mode: "json" }).$type<DeliveredEvent>(),
    status: text("status").$type<"pending" | "accepted">().notNull(),
    createdAt: text("created_at").notNull(),
    acceptedAt: text("accepted_at"),
  },
  (t) => [
    uniqueIndex("deliveries_event_stack").on(t.eventId, t.stackId),
    index("deliveries_stack").on(t.stackId, t.position),
    index("deliveries_stack_type").on(t.stackId, t.type, t.position),
    index("deliveries_pending").on(t.createdAt).where(sql`status = 'pending'`),
  ],
);

export const attempts = sqliteTable(
  "maintenance_attempts",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    eventId: text("event_id")
      .notNull()
      .references(() => flowEvents.id),
    number: integer("number").notNull(),
    operation: text("operation").$type<AttemptOperation>().notNull(),
    status: text("status").$type<AttemptStatus>().notNull(),
    reason: text("reason", { mode: "json" }).$type<Reason>(),
    epoch: integer("epoch").notNull(),
    retries: integer("retries").notNull(),
    onto: text("onto").notNull(),
    ontoSha: text("onto_sha"),
    tag: text("tag"),
    /** What the movement is called whoever tells it: the tag, or the commit. */
    movement: text("movement").notNull(),
    relatedAttemptId: text("related_attempt_id"),
    landsAttemptId: text("lands_attempt_id"),
    /** Of a promotion: which channel moves, to which candidate. */
    channel: text("channel"),
    candidateId: text("candidate_id"),
    /** What the event's source said of it; null where it did not say. */
    prerelease: integer("prerelease", { mode: "boolean" }),
    /** Who had it made; null for those older than this column. */
    actor: text("actor"),
    resume: text("resume", { mode: "json" }).$type<{ note: string; resolvedRef?: string }>(),
    cancelRequested: integer("cancel_requested", { mode: "boolean" }).notNull().default(false),
    /** Nonce of the claim that holds the current epoch. */
    nonce: text("nonce"),
    runner: text("runner", { mode: "json" }).$type<{ name: string; version: string }>(),
    /** The surface that the last hand-out went to, as the policy named it then; null where work is pulled. */
    surface: text("surface", { mode: "json" }).$type<Surface>(),
    candidates: text("candidates", { mode: "json" }).$type<CandidateRef[]>().notNull(),
    createdAt: text("created_at").notNull(),
    updatedAt: text("updated_at").notNull(),
    startedAt: text("started_at"),
    endedAt: text("ended_at"),
    /** Not before this time is it handed out (queued), or looked at again (blocked). */
    notBefore: text("not_before"),
    /** Start deadline while dispatched, wall-clock deadline while running. */
    deadlineAt: text("deadline_at"),
    /** Lease as given at the claim; heartbeats extend it in the object's own storage. */
    leaseUntil: text("lease_until"),
    /** When the external state first stopped it; 24 hours later a person is asked. */
    blockedSince: text("blocked_since"),
    nextActionAt: text("next_action_at"),
  },
  (t) => [
    uniqueIndex("attempts_number").on(t.stackId, t.number),
    index("attempts_stack").on(t.stackId, t.position),
    index("attempts_event").on(t.eventId, t.position),
    index("attempts_status").on(t.status, t.position),
    index("attempts_stack_status").on(t.stackId, t.status, t.position),
    index("attempts_event_status").on(t.eventId, t.status, t.position),
    index("attempts_event_stack").on(t.eventId, t.stackId, t.position),
    index("attempts_event_stack_status").on(t.eventId, t.stackId, t.status, t.position),
    index("attempts_movement").on(t.stackId, t.movement, t.position),
    index("attempts_channel").on(t.stackId, t.channel, t.number).where(sql`channel IS NOT NULL`),
    index("attempts_waiting_since").on(t.updatedAt, t.id).where(sql`status = 'needs_intervention'`),
    uniqueIndex("attempts_nonce").on(t.nonce).where(sql`nonce IS NOT NULL`),
    index("attempts_open")
      .on(t.stackId)
      .where(sql`status IN ('queued','dispatched','running','blocked','needs_intervention')`),
  ],
);

/** The stack report of an attempt's last result; apart from the attempt because it can be large. */
export const reports = sqliteTable("reports", {
  attemptId: text("attempt_id")
    .primaryKey()
    .references(() => attempts.id),
  epoch: integer("epoch").notNull(),
  report: text("report", { mode: "json" }).$type<StackReport>().notNull(),
  at: text("at").notNull(),
});

/**
 * Reports of results before the last: what conflicted until a person resolved it. Triggers keep and remove them with
 * what replaces them.
 */
export const earlierReports = sqliteTable(
  "earlier_reports",
  {
    attemptId: text("attempt_id")
      .notNull()
      .references(() => attempts.id),
    epoch: integer("epoch").notNull(),
    report: text("report", { mode: "json" }).$type<StackReport>().notNull(),
    at: text("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.attemptId, t.epoch] })],
);

export const dispatches = sqliteTable(
  "dispatches",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    attemptId: text("attempt_id")
      .notNull()
      .references(() => attempts.id),
    eventId: text("event_id").notNull(),
    stackId: text("stack_id").notNull(),
    epoch: integer("epoch").notNull(),
    driver: text("driver").notNull(),
    /** Sorted and each once, so that equal sets are equal text. */
    labels: text("labels", { mode: "json" }).$type<string[]>().notNull(),
    status: text("status").$type<"waiting" | "claimed" | "ended" | "expired" | "withdrawn">().notNull(),
    outcome: text("outcome"),
    runner: text("runner"),
    /** When the surface is known to have taken it; null before that, and where work is pulled. */
    sentAt: text("sent_at"),
    /** What it became at the surface, oldest first. */
    runs: text("runs", { mode: "json" }).$type<SurfaceRun[]>(),
    /** The surface's own words where they matter: why it refused, what is not clear. */
    reason: text("reason", { mode: "json" }).$type<Reason>(),
    createdAt: text("created_at").notNull(),
    claimedAt: text("claimed_at"),
    endedAt: text("ended_at"),
  },
  (t) => [
    index("dispatches_event").on(t.eventId, t.position),
    index("dispatches_attempt").on(t.attemptId, t.position),
    index("dispatches_status").on(t.status, t.position),
    index("dispatches_event_status").on(t.eventId, t.status, t.position),
    index("dispatches_waiting_for").on(t.driver, t.labels, t.position).where(sql`status = 'waiting'`),
  ],
);

export const candidates = sqliteTable(
  "candidates",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    stackId: text("stack_id").notNull(),
    attemptId: text("attempt_id")
      .notNull()
      .references(() => attempts.id),
    eventId: text("event_id").notNull(),
    kind: text("kind").$type<CandidateRef["kind"]>().notNull(),
    ref: text("ref").notNull(),
    oid: text("oid").notNull(),
    tag: text("tag"),
    createdAt: text("created_at").notNull(),
    landedAt: text("landed_at"),
  },
  (t) => [index("candidates_stack").on(t.stackId, t.position), index("candidates_attempt").on(t.attemptId)],
);

/**
 * Everything that ever happened to a stack, in order and without gaps. The primary key is the lock:
 * a second writer's batch fails whole on it.
 */
export const journal = sqliteTable(
  "journal",
  {
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    seq: integer("seq").notNull(),
    at: text("at").notNull(),
    actor: text("actor").notNull(),
    command: text("command").notNull(),
    /** The execution that wrote it: tells after an ambiguous error whether it was ours. */
    writer: text("writer").notNull(),
    kind: text("kind")
      .$type<"created" | "transition" | "note" | "evidence" | "candidate" | "outbox" | "stack">()
      .notNull(),
    attemptId: text("attempt_id"),
    epoch: integer("epoch"),
    fromStatus: text("from_status").$type<AttemptStatus>(),
    toStatus: text("to_status").$type<AttemptStatus>(),
    reason: text("reason", { mode: "json" }).$type<Reason>(),
    data: text("data", { mode: "json" }).$type<unknown>(),
  },
  (t) => [primaryKey({ columns: [t.stackId, t.seq] }), index("journal_attempt").on(t.attemptId, t.seq)],
);

/** First answer to everything that may be sent twice: callbacks by webhook-id, operator commands by Idempotency-Key. */
export const answers = sqliteTable(
  "answers",
  {
    /** `callback:<attemptId>:<webhook-id>` or `key:<token>:<Idempotency-Key>` */
    key: text("key").primaryKey(),
    /** SHA-256 of what was asked, hex. */
    requestHash: text("request_hash").notNull(),
    status: integer("status").notNull(),
    body: text("body", { mode: "json" }).$type<unknown>().notNull(),
    at: text("at").notNull(),
  },
  (t) => [index("answers_at").on(t.at)],
);

/** Effects that leave after the commit of what caused them. */
export const outbox = sqliteTable(
  "outbox",
  {
    id: text("id").primaryKey(),
    stackId: text("stack_id").notNull(),
    attemptId: text("attempt_id"),
    kind: text("kind").$type<`notify.${NotifyTarget}` | "dispatch" | "dispatch.cancel" | "review">().notNull(),
    payload: text("payload", { mode: "json" }).$type<unknown>().notNull(),
    /** `folded`: it leaves with another one, which its payload names. */
    status: text("status").$type<"pending" | "sent" | "dead" | "folded">().notNull(),
    tries: integer("tries").notNull().default(0),
    nextAt: text("next_at").notNull(),
    lastError: text("last_error"),
    createdAt: text("created_at").notNull(),
  },
  (t) => [
    index("outbox_pending").on(t.stackId, t.nextAt).where(sql`status = 'pending'`),
    index("outbox_dead_since").on(t.createdAt, t.id).where(sql`status = 'dead'`),
  ],
);

/**
 * When each stack's next forecast is due, and who makes it. Triggers on `stacks` keep it in step with
 * what is declared.
 */
export const forecastPlans = sqliteTable(
  "forecast_plans",
  {
    stackId: text("stack_id")
      .primaryKey()
      .references(() => stacks.id),
    everySeconds: integer("every_seconds").notNull(),
    /** Sorted and each once, so that equal sets are equal text. */
    labels: text("labels", { mode: "json" }).$type<string[]>().notNull(),
    /** Null while none is wanted. Once handed out, when it is given up as lost and handed out again. */
    dueAt: text("due_at"),
    /** Nonce of the claim that makes it. */
    nonce: text("nonce"),
    runner: text("runner"),
    /** Number of the stack's last forecast. */
    count: integer("count").notNull().default(0),
  },
  (t) => [
    index("forecast_plans_due_for").on(t.labels, t.dueAt).where(sql`due_at IS NOT NULL`),
    index("forecast_plans_due").on(t.dueAt).where(sql`due_at IS NOT NULL`),
    uniqueIndex("forecast_plans_nonce").on(t.nonce).where(sql`nonce IS NOT NULL`),
  ],
);

/** What forecasts found, the newest of each stack. */
export const forecasts = sqliteTable(
  "forecasts",
  {
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    number: integer("number").notNull(),
    at: text("at").notNull(),
    outcome: text("outcome").$type<ForecastOutcome>().notNull(),
    reason: text("reason", { mode: "json" }).$type<Reason>(),
    /** Null, like all that a look finds, when it failed. */
    onto: text("onto", { mode: "json" }).$type<{ ref: string; oid: string }>(),
    headOid: text("head_oid"),
    commitsAhead: integer("commits_ahead"),
    commitsBehind: integer("commits_behind"),
    daysBehind: real("days_behind"),
    counts: text("counts", { mode: "json" }).$type<OutcomeCounts>(),
    conflicts: text("conflicts", { mode: "json" }).$type<ForecastConflict[]>(),
    runner: text("runner").notNull(),
    seconds: real("seconds").notNull(),
  },
  (t) => [primaryKey({ columns: [t.stackId, t.number] })],
);

export const runners = sqliteTable("runners", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  labels: text("labels", { mode: "json" }).$type<string[]>().notNull(),
  /** Part of what its secret is derived from: unique for every registration of the name. */
  keyId: text("key_id").notNull(),
  /** The one before the last rotation; its secret is good until then. */
  previousKeyId: text("previous_key_id"),
  previousUntil: text("previous_until"),
  version: text("version"),
  createdAt: text("created_at").notNull(),
  lastSeenAt: text("last_seen_at"),
});

export const tokens = sqliteTable("tokens", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  /** SHA-256 of the secret, hex. The secret has 256 random bits, so no salt and no stretching. */
  hash: text("hash").notNull().unique(),
  scopes: text("scopes", { mode: "json" }).$type<TokenScope[]>().notNull(),
  createdAt: text("created_at").notNull(),
  expiresAt: text("expires_at"),
  lastUsedAt: text("last_used_at"),
});

/** The last time the cron came: one row, whose `id` is always 1. */
export const cronTicks = sqliteTable("cron_ticks", {
  id: integer("id").primaryKey(),
  at: text("at").notNull(),
  /** Parts that failed, each with its error; empty when all went well. */
  failed: text("failed", { mode: "json" }).$type<string[]>().notNull(),
});

/** Signing keys of the issuers whose ID tokens stacks accept, as they were last fetched. */
export const issuerKeys = sqliteTable("issuer_keys", {
  issuer: text("issuer").primaryKey(),
  /** The issuer's JSON Web Key Set; null until it could be read. */
  keys: text("keys", { mode: "json" }).$type<unknown>(),
  fetchedAt: text("fetched_at"),
  /** When they were last asked for: no unknown key may make us ask more often than every so often. */
  triedAt: text("tried_at").notNull(),
});

/** ID tokens that were used, until they would have expired anyway. */
export const usedTokens = sqliteTable(
  "used_tokens",
  {
    /** SHA-256 of issuer and `jti`, hex. */
    id: text("id").primaryKey(),
    /** The one claim it was used for: only that may be repeated. */
    claim: text("claim").notNull(),
    expiresAt: text("expires_at").notNull(),
  },
  (t) => [index("used_tokens_expiry").on(t.expiresAt)],
);

/** Checks of a stack's set-up: runs whose job only proves who it is. */
export const setupChecks = sqliteTable(
  "setup_checks",
  {
    id: text("id").primaryKey(),
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    surface: text("surface", { mode: "json" }).$type<Surface>().notNull(),
    state: text("state").$type<"waiting" | "proved" | "failed">().notNull(),
    reason: text("reason", { mode: "json" }).$type<Reason>(),
    provedAs: text("proved_as"),
    runs: text("runs", { mode: "json" }).$type<SurfaceRun[]>().notNull(),
    createdAt: text("created_at").notNull(),
    expiresAt: text("expires_at").notNull(),
  },
  (t) => [index("setup_checks_stack").on(t.stackId, t.createdAt)],
);

/** What the edge acts with on forges and workspace backends. */
export const credentials = sqliteTable(
  "credentials",
  {
    position: integer("position").primaryKey({ autoIncrement: true }),
    name: text("name").notNull().unique(),
    kind: text("kind").$type<CredentialKind>().notNull(),
    host: text("host").notNull(),
    appId: text("app_id"),
    installationId: integer("installation_id"),
    /** Which key of the deployment seals the value. */
    keyId: text("key_id").notNull(),
    /** See worker/auth/sealed-value.ts; parsed where it is opened. */
    sealed: text("sealed").notNull(),
    /** Until when the forge takes no more requests with it: its rate limit is spent. In the past or null otherwise. */
    limitedUntil: text("limited_until"),
    createdAt: text("created_at").notNull(),
  },
  (t) => [index("credentials_host").on(t.host, t.kind)],
);

/** Exports that were brought in: by whom, from what, and what became of their lines. */
export const imports = sqliteTable("imports", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  id: text("id").notNull().unique(),
  /** Name of the token that brought it. */
  actor: text("actor").notNull(),
  file: text("file", { mode: "json" }).$type<ImportFile>().notNull(),
  /** Records that were written, that were there already, and that were refused. */
  made: integer("made").notNull().default(0),
  same: integer("same").notNull().default(0),
  refused: integer("refused").notNull().default(0),
  begunAt: text("begun_at").notNull(),
  /** When lines of it came last. */
  lastAt: text("last_at").notNull(),
  /** Null while its last line was not sent: it is under way, or broke off. */
  endedAt: text("ended_at"),
});

/** Which import brought a stack; one that moved from deployment to deployment has several. */
export const stackImports = sqliteTable(
  "stack_imports",
  {
    stackId: text("stack_id")
      .notNull()
      .references(() => stacks.id),
    importId: text("import_id")
      .notNull()
      .references(() => imports.id),
    at: text("at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.stackId, t.importId] })],
);

/**
 * Stacks and sources that an import has begun and not finished: until then nothing is done with them, and
 * only until then does an import write what is theirs.
 */
export const restorations = sqliteTable(
  "restorations",
  {
    kind: text("kind").$type<"stack" | "source">().notNull(),
    id: text("id").notNull(),
    since: text("since").notNull(),
    /** SHA-256 of the file's records: no other file goes on with it. Null for those older than this column. */
    sha256: text("sha256"),
  },
  (t) => [primaryKey({ columns: [t.kind, t.id] })],
);

/** How far the retention of each kind of record has come: it looks at a few rows a minute and goes on from there. */
export const retentionSweeps = sqliteTable("retention_sweeps", {
  kind: text("kind").primaryKey(),
  /** Row number of the last row that was looked at. */
  after: integer("after_row").notNull(),
  /** When it next has something to look at. */
  nextAt: text("next_at").notNull(),
  /** When it last began from the first row. */
  begunAt: text("begun_at").notNull(),
});
