/**
 * What goes between the edge and a runner: claim, job envelope, callbacks.
 *
 * Requests from the edge to us are parsed strictly; what the edge answers is parsed leniently by
 * the runner, so that an older runner survives a newer edge.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { AttemptOperation, CandidateRef } from "./attempt.ts";
import { FlowEvent } from "./flow-event.ts";
import { FlowStatus, FlowStepReport } from "./flow-result.ts";
import { ForecastLook } from "./forecast.ts";
import { Name, Oid, Reason, Timestamp } from "./primitives.ts";
import { StackReport } from "./report.ts";
import { StackConfig, StackPolicy } from "./stack.ts";

export const CLAIM_WAIT_SECONDS = 25;
export const LEASE_SECONDS = 90;
export const HEARTBEAT_SECONDS = 30;

/** A forecast that was handed out and is not back after this long is handed out again. */
export const FORECAST_SECONDS = 1800;

export const Nonce = z.string().regex(/^[A-Za-z0-9_-]{16,128}$/, "use 16 to 128 of A-Z a-z 0-9 _ -");

export const RunnerInfo = z.strictObject({
  name: Name,
  version: z.string().min(1).max(64),
  labels: z.array(Name).max(50).default([]),
});
export type RunnerInfo = z.infer<typeof RunnerInfo>;

/** `POST /runner/claim`. Without `attemptId` it is a pull. */
export const ClaimRequest = z
  .strictObject({
    attemptId: z.string().min(1).max(128).optional(),
    epoch: z.int().min(1).optional(),
    nonce: Nonce,
    runner: RunnerInfo,
    /** How long a pull may be held open, seconds. */
    waitSeconds: z.int().min(0).max(CLAIM_WAIT_SECONDS).default(CLAIM_WAIT_SECONDS),
    /** A pull may be answered with a {@link ForecastJob} when no attempt waits for this runner. */
    forecasts: z.boolean().default(false),
  })
  .openapi("ClaimRequest");
export type ClaimRequest = z.infer<typeof ClaimRequest>;

// Not strict, unlike what an operator declares: an older runner must not fail on a newer policy.
const JobStack = z.object({
  ...StackConfig.shape,
  policy: z.object(StackPolicy.shape),
  id: Name,
  /** Where the maintained branch stood when this was last known, from the record. */
  recordedBase: Oid.optional(),
});

/** Everything a runner needs for one attempt. Holds no credential but the callback key. */
export const JobEnvelope = z
  .object({
    v: z.literal(1),
    attemptId: z.string(),
    epoch: z.int(),
    nonce: Nonce,
    number: z.int(),
    operation: AttemptOperation,
    /** True when an operator asked to do an accepted event again. */
    replay: z.boolean(),
    event: FlowEvent.omit({ stackIds: true }),
    stack: JobStack,
    /** What to carry the stack onto. `sha` is the commit the event named, where it named one. */
    onto: z.object({ ref: z.string(), sha: Oid.optional() }),
    /** Filled-in candidate branch name. */
    candidateRef: z.string(),
    resume: z.object({ note: z.string(), resolvedRef: z.string().optional() }).optional(),
    /** For `land`: move `branch` from `expectedOid` (its head when the candidate was made) to `oid`. */
    land: z.object({ branch: z.string(), oid: Oid, expectedOid: Oid, ref: z.string() }).optional(),
    /**
     * For `promote`: move the channel's `ref` to `oid`. It may stand on one of `expectedOids`: the newest first, what the
     * record has, and what else the channel's promotions had, pushed late or unheard. Or it may not be there.
     */
    promote: z
      .object({ channel: Name, ref: z.string(), oid: Oid, expectedOids: z.array(Oid), candidateRef: z.string() })
      .optional(),
    callbackKey: z.string(),
    leaseUntil: Timestamp,
    deadlineAt: Timestamp,
    heartbeatSeconds: z.int(),
  })
  .openapi("JobEnvelope");
export type JobEnvelope = z.infer<typeof JobEnvelope>;

/** A look at how a stack would fare on upstream's branch head. No lease to keep: a lost one is asked for again. */
export const ForecastJob = z
  .object({
    v: z.literal(1),
    kind: z.literal("forecast"),
    nonce: Nonce,
    stack: JobStack,
    /** Signs the result. */
    callbackKey: z.string(),
    deadlineAt: Timestamp,
  })
  .openapi("ForecastJob");
export type ForecastJob = z.infer<typeof ForecastJob>;

/** The answer to a job whose run was started to check the set-up: it has proved who it is, and holds nothing. */
export const CheckJob = z
  .object({ v: z.literal(1), kind: z.literal("check"), stackId: Name, provedAs: z.string() })
  .openapi("CheckJob");
export type CheckJob = z.infer<typeof CheckJob>;

/** `POST /runner/forecasts`: what the look found, or why it could not be had. */
export const ForecastResult = z
  .strictObject({
    stackId: Name,
    nonce: Nonce,
    seconds: z.number().min(0),
    look: ForecastLook.optional(),
    reason: Reason.optional(),
  })
  .refine((result) => (result.look === undefined) !== (result.reason === undefined), "needs either a look or a reason")
  .openapi("ForecastResult");
export type ForecastResult = z.infer<typeof ForecastResult>;

/** Answer to a forecast's result. */
export const ForecastAnswer = z.object({ status: z.enum(["applied", "duplicate"]) }).openapi("ForecastAnswer");
export type ForecastAnswer = z.infer<typeof ForecastAnswer>;

/** What a runner may report as the end of its work. */
export const ResultOutcome = FlowStatus;
export type ResultOutcome = z.infer<typeof ResultOutcome>;

/** Data of `attempt.result`. */
export const AttemptResult = z
  .strictObject({
    outcome: ResultOutcome,
    reason: Reason.optional(),
    /** On `failed`: the runner itself failed and the same work may succeed elsewhere. */
    infrastructure: z.boolean().default(false),
    report: StackReport.optional(),
    candidates: z.array(CandidateRef).max(20).default([]),
    /** For work by flow packages: what each step ended with, in the order in which they ran. */
    steps: z.array(FlowStepReport).max(100).optional(),
    /** For `land`. */
    landed: z.strictObject({ branch: z.string(), from: Oid, to: Oid }).optional(),
  })
  .superRefine((result, ctx) => {
    // A flow may change what is no ref; its steps say what.
    const shows = result.candidates.length > 0 || result.landed !== undefined || (result.steps ?? []).length > 0;
    if (result.outcome === "changed" && !shows)
      ctx.addIssue({
        code: "custom",
        path: ["candidates"],
        message: "outcome 'changed' needs a candidate or a landing",
      });
    if (["needs_intervention", "blocked", "failed"].includes(result.outcome) && result.reason === undefined)
      ctx.addIssue({ code: "custom", path: ["reason"], message: `outcome '${result.outcome}' needs a reason` });
  });
export type AttemptResult = z.infer<typeof AttemptResult>;

export const AttemptProgress = z.strictObject({
  stage: z.string().min(1).max(64),
  done: z.int().min(0).optional(),
  total: z.int().min(0).optional(),
});
export type AttemptProgress = z.infer<typeof AttemptProgress>;

const callbackHead = {
  attemptId: z.string().min(1).max(128),
  epoch: z.int().min(1),
  nonce: Nonce,
  seq: z.int().min(0),
};

/** Longest lease a heartbeat may ask for, seconds: what one CI job may take. */
export const MAX_LEASE_SECONDS = 6 * 3600;

/** `leaseSeconds`: nobody will beat until then, because the work goes on where no credential is. */
export const Heartbeat = z.strictObject({ leaseSeconds: z.int().min(LEASE_SECONDS).max(MAX_LEASE_SECONDS).optional() });
export type Heartbeat = z.infer<typeof Heartbeat>;

/** `POST /webhooks/runner`. */
export const RunnerCallback = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("attempt.heartbeat"), ...callbackHead, data: Heartbeat.default({}) }),
    z.strictObject({ type: z.literal("attempt.progress"), ...callbackHead, data: AttemptProgress }),
    z.strictObject({ type: z.literal("attempt.result"), ...callbackHead, data: AttemptResult }),
  ])
  .openapi("RunnerCallback");
export type RunnerCallback = z.infer<typeof RunnerCallback>;

/** Answers to a callback that was authenticated and understood. */
export const CallbackAnswer = z
  .object({
    status: z.enum(["applied", "duplicate"]),
    directive: z.enum(["continue", "cancel"]),
    leaseUntil: Timestamp.optional(),
    attemptStatus: z.string().optional(),
  })
  .openapi("CallbackAnswer");
export type CallbackAnswer = z.infer<typeof CallbackAnswer>;

/** Answer of the log `PUT`: how many bytes of the log the edge has. */
export const LogAnswer = z.object({ ack: z.int() }).openapi("LogAnswer");
