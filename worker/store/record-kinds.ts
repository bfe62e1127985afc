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
import { type KindOfRecord, kindOf } from "./record-kind.ts";
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
