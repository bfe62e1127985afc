/**
 * The effect `review`: what became of an attempt is put before people on the fork's forge.
 *
 * @module
 */
import { z } from "zod";
import { Name, type Reason } from "../contract/primitives.ts";
import { repositoriesOf } from "../contract/stack.ts";
import { type Forge, type ForgeFailure, passes } from "../forges/forge.ts";
import { type ForgeContext, openForge } from "../forges/open-forge.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { findAttempt, findReport, type StoredAttempt } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { branchCandidate, listCandidates } from "../store/dispatches.ts";
import { takesWebhooks } from "../store/feed-sources.ts";
import { findStack } from "../store/stacks.ts";
import {
  askForHelp,
  type Candidate,
  nobodyNeeded,
  propose,
  type ReviewFacts,
  reportStatus,
  retireLanded,
} from "./review.ts";
import { defused } from "./upstream-text.ts";

/** Which attempt, and what became of it. */
export const ReviewEffect = z.object({
  attemptId: z.string(),
  event: z.enum(["changed", "landed", "needs_intervention", "settled", "commented"]),
  /** Of `commented`: the answer, and where it was asked. */
  reply: z
    .object({
      place: z.object({ on: z.enum(["pull", "issue"]), number: z.number(), id: z.number() }),
      text: z.string(),
    })
    .optional(),
});
export type ReviewEffect = z.infer<typeof ReviewEffect>;

export type ReviewFailure = { message: string; again: boolean; retryAfterSeconds?: number | undefined };

/** Does it; what a person may want to know of it goes on the attempt's timeline. Safe to do again. */
export async function performReview(
  db: Database,
  payload: unknown,
  context: ForgeContext,
): Promise<Result<Reason | undefined, ReviewFailure>> {
  const { attemptId, event, reply } = ReviewEffect.parse(payload);
  const attempt = await findAttempt(db, attemptId);
  const stack = attempt === undefined ? undefined : await findStack(db, attempt.stackId);
  const repositories = stack === undefined ? undefined : repositoriesOf(stack.config);
  if (attempt === undefined || stack === undefined || repositories === undefined)
    return fail({ message: "the stack names no fork whose forge could be told", again: false });
  const { review } = stack.config.policy;
  const opened = await openForge(repositories.fork, context);
  if (!opened.ok) return failed(opened.failure);
  const forge = opened.value;
  if (reply !== undefined) {
    const { on, number } = reply.place;
    const said = await (on === "pull"
      ? forge.commentOnPull(number, defused(reply.text))
      : forge.commentOnIssue(number, defused(reply.text)));
    return said.ok ? ok(undefined) : failed(said.failure);
  }
  const facts: ReviewFacts = {
    stackId: Name.parse(attempt.stackId),
    attemptId,
    operation: attempt.operation,
    landsAttemptId: attempt.landsAttemptId,
    comments: await takesWebhooks(db, attempt.stackId),
    onto: attempt.tag ?? attempt.ontoSha?.slice(0, 12) ?? attempt.onto,
    branch: repositories.branch,
    upstreamUrl: repositories.upstream.url,
    report: (await findReport(db, attemptId))?.report,
    reason: attempt.reason,
  };
  const told: Reason[] = [];
  const settle = review.intervention === "issue" && (event === "changed" || event === "settled");
  const steps: (() => Promise<Result<Reason | undefined, ForgeFailure>>)[] = [
    ...(event === "changed" ? [() => presentCandidate(db, forge, facts, attempt, review)] : []),
    ...(event === "landed" && review.pullRequest && attempt.landsAttemptId !== null
      ? [() => retireLanded(forge, facts, attempt.landsAttemptId ?? "")]
      : []),
    // Asked late, about something that a person has settled meanwhile: nobody is asked any more.
    ...(event === "needs_intervention" && attempt.status === "needs_intervention"
      ? [() => askForHelp(forge, facts)]
      : []),
    ...(settle ? [() => nobodyNeeded(forge, facts, `${attemptId} is ${attempt.status.replaceAll("_", " ")}.`)] : []),
  ];
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return failed(done.failure);
    if (done.value !== undefined) told.push(done.value);
  }
  const [first] = told;
  return ok(first === undefined ? undefined : { code: first.code, message: told.map((t) => t.message).join("; ") });
}

async function presentCandidate(
  db: Database,
  forge: Forge,
  facts: ReviewFacts,
  attempt: StoredAttempt,
  review: { pullRequest: boolean; status: boolean },
): Promise<Result<Reason | undefined, ForgeFailure>> {
  const row = await branchCandidate(db, attempt.id);
  if (row === undefined) return ok(undefined);
  const candidate: Candidate = { branch: row.ref.replace(/^refs\/heads\//, ""), oid: row.oid };
  if (review.status) {
    const set = await reportStatus(forge, facts, candidate);
    if (!set.ok) return set;
  }
  if (!review.pullRequest) return ok(undefined);
  // An effect that waited for a forge may come after that of a newer candidate, and must not take its place.
  const [newest] = await listCandidates(db, { stackId: attempt.stackId }, 1);
  if (newest !== undefined && newest.attemptId !== attempt.id)
    return ok({
      code: "review_overtaken",
      message: `${newest.attemptId} has a newer candidate; this one is not proposed`,
    });
  return propose(forge, facts, candidate);
}

function failed(failure: ForgeFailure): Result<never, ReviewFailure> {
  const { message, until } = failure;
  const retryAfterSeconds = until === undefined ? undefined : Math.ceil((Date.parse(until) - Date.now()) / 1000);
  // A credential is a person's to mend, and they may be at it: it is tried again like an outage.
  const mends = ["no_credential", "unauthorized", "forbidden"].includes(failure.code);
  return fail({ message: `review: ${message}`, again: passes(failure) || mends, retryAfterSeconds });
}
