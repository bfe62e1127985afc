/**
 * What happened before this record began: recovered from Git after the record was lost, or brought from another
 * service. It is written down as over; nothing of it is ever work again.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CandidateRef, TERMINAL_STATUSES } from "./attempt.ts";
import { FeedEntry } from "./feed-signal.ts";
import { FlowEventInput } from "./flow-event.ts";
import { Name, Oid, Reason, Timestamp } from "./primitives.ts";

/** So many of each in one request. */
const MOST = 200;

export const PastEvent = FlowEventInput.omit({ stackIds: true }).extend({ receivedAt: Timestamp });
export type PastEvent = z.infer<typeof PastEvent>;

/** An attempt that is over; of one event, those of different times are different. */
export const PastAttempt = z.strictObject({
  eventId: z.string().min(1).max(1400),
  status: z.enum(TERMINAL_STATUSES),
  reason: Reason,
  candidates: z.array(CandidateRef).max(50).default([]),
  /** Its candidate is on the maintained branch. */
  landed: z.boolean().default(false),
  createdAt: Timestamp,
  endedAt: Timestamp,
});
export type PastAttempt = z.infer<typeof PastAttempt>;

export const StackHistoryInput = z
  .strictObject({
    events: z.array(PastEvent).max(MOST).default([]),
    attempts: z.array(PastAttempt).max(MOST).default([]),
    /** What the maintained branch stands on; taken only where the record does not know. */
    carried: z.strictObject({ tag: z.string().min(1).max(250).optional(), oid: Oid, landedAt: Timestamp }).optional(),
    /** Commits that the branches of channels stand on. */
    channels: z.record(Name, Oid).default({}),
  })
  .openapi("StackHistoryInput");
export type StackHistoryInput = z.infer<typeof StackHistoryInput>;

export const StackHistoryAnswer = z
  .object({
    /** Ids of attempts that were written down now. */
    attempts: z.array(z.string()),
    /** Attempts that were written down before. */
    same: z.int(),
  })
  .openapi("StackHistoryAnswer");
export type StackHistoryAnswer = z.infer<typeof StackHistoryAnswer>;

/** What a source's feed is known to have told, so that it is no news. */
export const SourceHistoryInput = z
  .strictObject({
    entries: z
      .array(
        z.strictObject({
          entry: FeedEntry,
          seenAt: Timestamp,
          /** The event that was made of it. */
          eventId: z.string().min(1).max(1400).optional(),
        }),
      )
      .min(1)
      .max(MOST),
  })
  .openapi("SourceHistoryInput");
export type SourceHistoryInput = z.infer<typeof SourceHistoryInput>;

export const SourceHistoryAnswer = z.object({ new: z.int(), same: z.int() }).openapi("SourceHistoryAnswer");
export type SourceHistoryAnswer = z.infer<typeof SourceHistoryAnswer>;
