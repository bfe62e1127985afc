/**
 * A stack with one attempt in any state, brought there through the machine itself.
 *
 * @module
 */
import { expect } from "vitest";
import { type AttemptStatus, isTerminal } from "../../../worker/contract/attempt.ts";
import { StackConfig } from "../../../worker/contract/stack.ts";
import { CAPABILITIES, type DriverName } from "../../../worker/contract/surface.ts";
import type { StatusAnswer } from "../../../worker/dispatch/driver.ts";
import type { Seen } from "../../../worker/dispatch/hand-over.ts";
import type { AttemptRow, CandidateRow } from "../../../worker/store/rows.ts";
import { decide } from "../decide.ts";
import {
  type Command,
  capabilitiesOf,
  type Decision,
  emptyStack,
  type IncomingEvent,
  type StackState,
} from "../state.ts";
import { iso } from "../timing.ts";

export const NOW = Date.parse("2026-01-01T00:00:00.000Z");
export const LATER = NOW + 10 * 86_400_000;
export const OID = "a".repeat(40);

export const config = StackConfig.parse({
  upstream: { url: "https://git.test.org/up" },
  fork: { url: "https://git.test.org/fork" },
  branch: "patched",
  channels: { internal: { follows: "manual" } },
});

export function event(tag: string, more: Partial<IncomingEvent> = {}): IncomingEvent {
  return {
    id: `e:${tag}`,
    position: 1,
    movement: `tag:${tag}`,
    onto: `refs/tags/${tag}`,
    ontoSha: null,
    tag,
    prerelease: undefined,
    moved: null,
    advisory: null,
    accepted: false,
    sameMovement: null,
    ...more,
  };
}

/** Channels need a surface that brings a runner; where the policy names another there are none. */
export function empty(policy: { driver?: DriverName } & object = {}): StackState {
  const { channels, ...rest } = config;
  const { claims } = CAPABILITIES[policy.driver ?? "pull"];
  return emptyStack("s", StackConfig.parse({ ...rest, ...(claims ? { channels } : {}), policy }));
}

export function take(decision: Decision): StackState {
  expect(decision.refused).toBeNull();
  return decision.next;
}

/** A stack with one attempt, brought to the state through the machine itself. */
export function stackWith(status: AttemptStatus, policy: object = {}): { state: StackState; attempt: AttemptRow } {
  let state = take(decide(empty(policy), { type: "accept", events: [event("v1.0.0")] }, NOW));
  const open = () => {
    const [attempt] = state.open;
    if (attempt === undefined) throw new Error("no open attempt");
    return attempt;
  };
  const target = () => ({ attemptId: "s.1", ended: null });
  const { claims } = capabilitiesOf(open());
  const seen = (answer: StatusAnswer) => sees({ "s.1": { epoch: open().epoch, answer, news: true } });
  const run = () => {
    const claim: Command = { type: "claim", ...target(), epoch: open().epoch, nonce: "n", runner };
    state = take(decide(state, claims ? claim : seen({ kind: "running", runs: [] }), NOW));
  };
  const end = (result: object): AttemptRow => {
    run();
    const told: Command = { type: "result", ...target(), epoch: open().epoch, nonce: "n", result: outcome(result) };
    const read = seen({ kind: "ended", runs: [], message: "over", result: outcome(result) });
    const decision = decide(state, claims ? told : read, NOW);
    state = take(decision);
    return ended(decision);
  };
  switch (status) {
    case "queued": {
      state = take(decide(empty(policy), { type: "pause", actor: "t" }, NOW));
      state = take(decide(state, { type: "accept", events: [event("v1.0.0")] }, NOW));
      return { state, attempt: open() };
    }
    case "dispatched":
      return { state, attempt: open() };
    case "running":
      run();
      return { state, attempt: open() };
    case "superseded": {
      const decision = decide(state, { type: "accept", events: [event("v2.0.0")] }, NOW);
      const attempt = decision.changes.attempts.find((a) => a.id === "s.1");
      if (attempt === undefined) throw new Error("nothing was superseded");
      const [newer] = decision.next.open;
      state = take(decide(decision.next, { type: "cancel", attemptId: newer?.id ?? "", ended: null, actor: "t" }, NOW));
      return { state, attempt };
    }
    case "timed_out": {
      run();
      const decision = decide(state, { type: "tick", leases: {}, seen: {} }, LATER);
      return { state: decision.next, attempt: ended(decision) };
    }
    case "skipped":
      return { attempt: end({ outcome: "skipped" }), state };
    case "cancelled": {
      const decision = decide(state, { type: "cancel", ...target(), actor: "t" }, NOW);
      return { state: decision.next, attempt: ended(decision) };
    }
    case "dismissed": {
      end({ outcome: "needs_intervention", reason });
      const decision = decide(state, { type: "dismiss", ...target(), note: "no", actor: "t" }, NOW);
      return { state: decision.next, attempt: ended(decision) };
    }
    case "changed":
      return {
        attempt: end({ outcome: "changed", candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }] }),
        state,
      };
    default:
      return { attempt: end({ outcome: status, reason }), state };
  }
}

export function ended(decision: Decision): AttemptRow {
  const attempt = decision.changes.attempts.find((a) => a.id === "s.1");
  if (attempt === undefined) throw new Error("s.1 did not change");
  return attempt;
}

export const runner = { name: "r", version: "1", labels: [] };
export const reason = { code: "because", message: "because" };
export const outcome = (result: object) => ({
  outcome: "completed" as const,
  infrastructure: false,
  candidates: [],
  ...result,
});

export const candidate: CandidateRow = {
  id: "s.1.c1",
  stackId: "s",
  attemptId: "s.1",
  eventId: "e:v1.0.0",
  kind: "branch",
  ref: "refs/heads/c",
  oid: OID,
  tag: "v1.0.0",
  createdAt: iso(NOW),
  landedAt: null,
};

/** The clock, with what surfaces said when they were asked. */
export function sees(seen: Record<string, Seen>): Command {
  return { type: "tick", leases: {}, seen };
}

export function about(a: AttemptRow) {
  return { attemptId: a.id, ended: isTerminal(a.status) ? a : null };
}
