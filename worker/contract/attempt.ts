/**
 * Maintenance attempts: states, how they are shown, and their timeline.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Name, Oid, Reason, RefName, Timestamp } from "./primitives.ts";
import { StackReport } from "./report.ts";
import { SurfaceRun } from "./surface.ts";

export const OPEN_STATUSES = ["queued", "dispatched", "running", "blocked", "needs_intervention"] as const;
export const TERMINAL_STATUSES = [
  "changed",
  "completed",
  "skipped",
  "failed",
  "timed_out",
  "cancelled",
  "superseded",
  "dismissed",
] as const;

export const AttemptStatus = z.enum([...OPEN_STATUSES, ...TERMINAL_STATUSES]);
export type AttemptStatus = z.infer<typeof AttemptStatus>;

export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

/** How many attempts ended in which state; absent is none. */
export type EndedCounts = Partial<Record<TerminalStatus, number>>;

/** True for the states that no command ever leaves. */
export function isTerminal(status: AttemptStatus): status is TerminalStatus {
  return (TERMINAL_STATUSES as readonly string[]).includes(status);
}

/** True while a surface holds the work: at most one attempt of a stack, ever. */
export function isActive(status: AttemptStatus): boolean {
  return status === "dispatched" || status === "running";
}

/**
 * Why the attempt exists. `maintain`: the event arrived. `retry`: an operator tries the event again
 * after a bad end. `replay`: an operator wants it done again whatever came of it. `land`: move the
 * maintained branch to the candidate of the attempt named in `landsAttemptId`. `promote`: move the
 * channel to the candidate named in `candidateId`.
 */
export const AttemptOperation = z.enum(["maintain", "retry", "replay", "land", "promote"]);
export type AttemptOperation = z.infer<typeof AttemptOperation>;

/** Operations that make candidates, whose work a newer event may take the place of; the others only move a branch. */
export function isMaintenance(operation: AttemptOperation): boolean {
  return operation !== "land" && operation !== "promote";
}

/** What an attempt produced: a ref and the object it pointed at when it was read back. */
export const CandidateRef = z.strictObject({
  kind: z.enum(["branch", "tag", "pull_request", "check", "artifact"]),
  ref: z.string().min(1).max(1024),
  oid: Oid,
});
export type CandidateRef = z.infer<typeof CandidateRef>;

export const MaintenanceAttempt = z
  .object({
    /** `<stackId>.<number>` */
    id: z.string(),
    stackId: Name,
    eventId: z.string(),
    /** Counts from 1 in its stack. */
    number: z.int(),
    operation: AttemptOperation,
    status: AttemptStatus,
    /** Why it is in this state; absent where the state says all. */
    reason: Reason.optional(),
    /** Raised by each hand-out; a report must name it. */
    epoch: z.int(),
    /** Automatic retries used. */
    retries: z.int(),
    /** Upstream tag, branch or commit it carries the stack onto. */
    onto: z.string(),
    tag: z.string().optional(),
    /** The newer attempt that took its place, or the first one for the same movement. */
    relatedAttemptId: z.string().optional(),
    landsAttemptId: z.string().optional(),
    /** Of a promotion: which channel moves, and to which candidate. */
    channel: Name.optional(),
    candidateId: z.string().optional(),
    /** Note and resolved ref of the last resume. */
    resume: z.object({ note: z.string(), resolvedRef: z.string().optional() }).optional(),
    cancelRequested: z.boolean(),
    runner: z.object({ name: z.string(), version: z.string() }).optional(),
    candidates: z.array(CandidateRef),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    startedAt: Timestamp.optional(),
    endedAt: Timestamp.optional(),
    /** When the edge next does something by itself: retry, deadline, escalation. */
    nextActionAt: Timestamp.optional(),
  })
  .openapi("MaintenanceAttempt");
export type MaintenanceAttempt = z.infer<typeof MaintenanceAttempt>;

/** One fact on an attempt's timeline: a row of its stack's journal. */
export const TimelineEntry = z
  .object({
    seq: z.int(),
    at: Timestamp,
    /** `intake`, `runner:<name>`, `operator:<token name>`, `clock`, `outbox` */
    actor: z.string(),
    kind: z.enum(["created", "transition", "note", "evidence", "candidate", "outbox"]),
    epoch: z.int().optional(),
    from: AttemptStatus.optional(),
    to: AttemptStatus.optional(),
    reason: Reason.optional(),
    data: z.unknown().optional(),
  })
  .openapi("TimelineEntry");
export type TimelineEntry = z.infer<typeof TimelineEntry>;

/** What an attempt's result said before the last one: of the hand-over that a person's resume followed, say. */
export const EarlierReport = z.object({ epoch: z.int(), at: Timestamp, report: StackReport }).openapi("EarlierReport");
export type EarlierReport = z.infer<typeof EarlierReport>;

/** `GET /maintenance-attempts/:id`. */
export const AttemptDetail = z
  .object({
    attempt: MaintenanceAttempt,
    timeline: z.array(TimelineEntry),
    report: StackReport.nullable(),
    /** Newest first, five at most, their range-diffs cut to 8,000 characters; absent where there are none. */
    earlierReports: z.array(EarlierReport).optional(),
    /** Last stage a runner told of, while it works. */
    progress: z
      .object({ stage: z.string(), done: z.int().optional(), total: z.int().optional(), at: Timestamp })
      .optional(),
  })
  .openapi("AttemptDetail");
export type AttemptDetail = z.infer<typeof AttemptDetail>;

export const ResumeInput = z
  .strictObject({
    note: z.string().min(1).max(4000),
    /** Branch or commit in the fork whose history is the new base plus the resolved patches. */
    resolvedRef: RefName.optional(),
  })
  .openapi("ResumeInput");
export type ResumeInput = z.infer<typeof ResumeInput>;

export const NoteInput = z.strictObject({ note: z.string().min(1).max(4000) }).openapi("NoteInput");
export type NoteInput = z.infer<typeof NoteInput>;

/** Answer of retry and replay: `record` is the event's delivery to the stack. */
export const RetryAnswer = z
  .object({
    event: z.unknown(),
    attempt: MaintenanceAttempt,
    record: z.object({ eventId: z.string(), stackId: Name, attemptId: z.string(), operation: AttemptOperation }),
  })
  .openapi("RetryAnswer");
export type RetryAnswer = z.infer<typeof RetryAnswer>;

export const Candidate = z
  .object({
    id: z.string(),
    stackId: Name,
    attemptId: z.string(),
    eventId: z.string(),
    kind: CandidateRef.shape.kind,
    ref: z.string(),
    oid: Oid,
    tag: z.string().optional(),
    createdAt: Timestamp,
    landedAt: Timestamp.optional(),
  })
  .openapi("Candidate");
export type Candidate = z.infer<typeof Candidate>;

/** One hand-over of an attempt to an execution surface, with what came of it. */
export const Dispatch = z
  .object({
    /** `<attemptId>.<epoch>` */
    id: z.string(),
    attemptId: z.string(),
    eventId: z.string(),
    stackId: Name,
    epoch: z.int(),
    driver: z.string(),
    status: z.enum(["waiting", "claimed", "ended", "expired", "withdrawn"]),
    outcome: z.string().optional(),
    /** The surface's own words where they matter: why it refused, what is not clear. */
    reason: Reason.optional(),
    runner: z.string().optional(),
    /** What it became at the surface. */
    runs: z.array(SurfaceRun).optional(),
    /** When the surface took it. */
    sentAt: Timestamp.optional(),
    createdAt: Timestamp,
    claimedAt: Timestamp.optional(),
    endedAt: Timestamp.optional(),
  })
  .openapi("Dispatch");
export type Dispatch = z.infer<typeof Dispatch>;
