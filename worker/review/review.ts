/**
 * A candidate put before people on the forge, and an attempt that needs one.
 *
 * One open proposal per stack: known again by its mark and its author, changed in place, closed with a
 * link when a newer one takes its place, and left alone once a person has closed it or pushed to it.
 *
 * @module
 */
import type { AttemptOperation } from "../contract/attempt.ts";
import type { Reason } from "../contract/primitives.ts";
import type { StackReport } from "../contract/report.ts";
import type { Forge, Forged, Issue, Pull } from "../forges/forge.ts";
import { fail, ok } from "../platform/result.ts";
import { ownContext } from "./check-verdict.ts";
import { type Marker, readMarker, remarked } from "./marker.ts";
import { countsText, reportBody } from "./report-body.ts";
import { defused } from "./upstream-text.ts";
import { candidateLead, helpLead } from "./what-to-do.ts";

/** What a review is about. */
export type ReviewFacts = {
  stackId: string;
  attemptId: string;
  operation: AttemptOperation;
  /** Of a landing: whose candidate. */
  landsAttemptId: string | null;
  /** Whether a source of the stack takes webhooks, and with them commands in comments. */
  comments: boolean;
  /** What the attempt carried the stack onto, in words: a tag, or a commit. */
  onto: string;
  /** The maintained branch. */
  branch: string;
  upstreamUrl: string;
  report: StackReport | undefined;
  reason: Reason | null;
};

export type Candidate = { branch: string; oid: string };

/** Opens or renews the proposal of a candidate, and retires those of older ones. The outcome goes on the timeline. */
export async function propose(forge: Forge, facts: ReviewFacts, candidate: Candidate): Forged<Reason> {
  const self = await forge.self();
  if (!self.ok) return self;
  const there = await forge.pullsOf(candidate.branch);
  if (!there.ok) return there;
  const mine = (pull: Pull | Issue): Marker | undefined => ownMarker(pull, self.value, facts.stackId, "candidate");
  const stranger = there.value.find((pull) => pull.state === "open" && mine(pull) === undefined);
  if (stranger !== undefined)
    return ok(alone(stranger, `${name(forge, stranger.number)} by ${stranger.author} is open for this branch already`));
  const current = there.value.find((pull) => mine(pull) !== undefined);
  const proposed = await proposeOne(
    forge,
    facts,
    candidate,
    current,
    current === undefined ? undefined : mine(current),
  );
  if (!proposed.ok || proposed.value.pull === undefined) return proposed.ok ? ok(proposed.value.reason) : proposed;
  const { pull, reason } = proposed.value;
  const open = await forge.openPulls(facts.branch);
  if (!open.ok) return open;
  for (const older of open.value) {
    const marker = mine(older);
    if (marker === undefined || older.number === pull.number) continue;
    const closed = await retire(forge, older, marker, `A newer candidate takes its place: ${pull.url}`);
    if (!closed.ok) return closed;
  }
  return ok(reason);
}

type Proposed = { pull?: Pull; reason: Reason };

async function proposeOne(
  forge: Forge,
  facts: ReviewFacts,
  candidate: Candidate,
  current: Pull | undefined,
  known: Marker | undefined,
): Forged<Proposed> {
  const marker: Marker = {
    v: 1,
    kind: "candidate",
    stack: facts.stackId,
    attempt: facts.attemptId,
    head: candidate.oid,
  };
  const body = reportBody({
    marker,
    lead: candidateLead(facts),
    report: facts.report,
    upstreamUrl: facts.upstreamUrl,
    limit: forge.bodyLimit,
  });
  const title = `${facts.stackId}: carried onto ${defused(facts.onto)}`;
  if (current === undefined || known === undefined || known.closed === true) {
    const made = await forge.createPull({ title, body, head: candidate.branch, base: facts.branch, draft: false });
    if (!made.ok) return made;
    return ok({ pull: made.value, reason: told("review_opened", `opened ${made.value.url}`) });
  }
  if (current.state !== "open")
    return ok({ reason: alone(current, `a person ${current.state} ${name(forge, current.number)}; it stays so`) });
  if (current.head.oid !== known.head && current.head.oid !== candidate.oid)
    return ok({ reason: alone(current, `somebody pushed to ${name(forge, current.number)}`) });
  if (current.body === body)
    return ok({ pull: current, reason: told("review_updated", `${current.url} is up to date`) });
  const updated = await forge.updatePull(current.number, { title, body });
  if (!updated.ok) return updated;
  return ok({ pull: updated.value, reason: told("review_updated", `updated ${updated.value.url}`) });
}

/** Closes the proposal of an attempt whose candidate has landed. */
export async function retireLanded(
  forge: Forge,
  facts: ReviewFacts,
  landedAttemptId: string,
): Forged<Reason | undefined> {
  const self = await forge.self();
  if (!self.ok) return self;
  const open = await forge.openPulls(facts.branch);
  if (!open.ok) return open;
  for (const pull of open.value) {
    const marker = ownMarker(pull, self.value, facts.stackId, "candidate");
    if (marker?.attempt !== landedAttemptId) continue;
    const closed = await retire(forge, pull, marker, `Landed on \`${facts.branch}\` by ${facts.attemptId}.`);
    return closed.ok ? ok(told("review_closed", `closed ${pull.url}: landed`)) : closed;
  }
  return ok(undefined);
}

async function retire(forge: Forge, pull: Pull, marker: Marker, comment: string): Forged<void> {
  // What somebody pushed to is theirs now.
  if (marker.head !== undefined && pull.head.oid !== "" && pull.head.oid !== marker.head) return ok(undefined);
  // The mark first: tried again after a fault, it must not look as if a person had closed it.
  const body = remarked(pull.body, { ...marker, closed: true });
  if (marker.closed !== true) {
    const marked = await forge.updatePull(pull.number, { body });
    if (!marked.ok) return marked;
    const commented = await forge.commentOnPull(pull.number, comment);
    if (!commented.ok) return commented;
  }
  const closed = await forge.updatePull(pull.number, { state: "closed" });
  return closed.ok ? ok(undefined) : closed;
}

/** Puts an attempt that needs a person before people, as an issue. */
export async function askForHelp(forge: Forge, facts: ReviewFacts): Forged<Reason> {
  const own = await ownIssue(forge, facts.stackId);
  if (!own.ok) return own;
  const marker: Marker = { v: 1, kind: "intervention", stack: facts.stackId, attempt: facts.attemptId };
  const body = reportBody({
    marker,
    lead: helpLead(facts),
    report: facts.report,
    upstreamUrl: facts.upstreamUrl,
    limit: forge.bodyLimit,
  });
  const title = `${facts.stackId}: needs a person for ${defused(facts.onto)}`;
  if (own.value === undefined) {
    const made = await forge.createIssue({ title, body });
    return made.ok ? ok(told("review_asked", `opened ${made.value.url}`)) : made;
  }
  const updated = await forge.updateIssue(own.value.number, { title, body });
  return updated.ok ? ok(told("review_asked", `updated ${updated.value.url}`)) : updated;
}

/** Closes the issue once nobody is needed any more. */
export async function nobodyNeeded(forge: Forge, facts: ReviewFacts, what: string): Forged<Reason | undefined> {
  const own = await ownIssue(forge, facts.stackId);
  if (!own.ok || own.value === undefined) return own.ok ? ok(undefined) : own;
  const commented = await forge.commentOnIssue(own.value.number, what);
  if (!commented.ok) return commented;
  const closed = await forge.updateIssue(own.value.number, { state: "closed" });
  return closed.ok ? ok(told("review_closed", `closed ${own.value.url}`)) : closed;
}

/** The candidate's status on the forge. */
export async function reportStatus(forge: Forge, facts: ReviewFacts, candidate: Candidate): Forged<void> {
  const { report, stackId } = facts;
  const verified = report === undefined || report.verify.length === 0 ? "" : ", verified";
  const description = report === undefined ? "carried" : `${countsText(report)}${verified}`;
  return forge.setStatus(candidate.oid, { state: "success", context: ownContext(stackId), description });
}

async function ownIssue(forge: Forge, stackId: string): Forged<Issue | undefined> {
  const self = await forge.self();
  if (!self.ok) return self;
  const issues = await forge.ownIssues();
  if (!issues.ok) return fail(issues.failure);
  return ok(issues.value.find((issue) => ownMarker(issue, self.value, stackId, "intervention") !== undefined));
}

/** Ours only when both say so: anybody can copy a mark, and we write other things too. */
function ownMarker(thing: Pull | Issue, self: string, stackId: string, kind: Marker["kind"]): Marker | undefined {
  const marker = thing.author === self ? readMarker(thing.body) : undefined;
  return marker?.stack === stackId && marker.kind === kind ? marker : undefined;
}

function name(forge: Forge, number: number): string {
  return forge.kind === "gitlab" ? `merge request !${number}` : `pull request #${number}`;
}

function alone(pull: Pull, why: string): Reason {
  return told("review_left_alone", `${why}, so it is left alone: ${pull.url}`);
}

function told(code: string, message: string): Reason {
  return { code, message };
}
