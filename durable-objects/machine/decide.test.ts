/**
 * Every state × every command, legal and illegal: where the attempt goes, or how it is refused.
 */
import { describe, expect, it } from "vitest";
import { AttemptStatus, isActive, isTerminal } from "../../worker/contract/attempt.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { decide } from "./decide.ts";
import type { Command, Decision, IncomingEvent, StackState } from "./state.ts";
import {
  about,
  candidate,
  empty,
  ended,
  event,
  LATER,
  NOW,
  OID,
  outcome,
  reason,
  runner,
  stackWith,
  take,
} from "./testing/stack-in-state.ts";
import { iso } from "./timing.ts";

/** What each command is when it is about the attempt. */
const commands: Record<string, (a: AttemptRow) => { command: Command; now?: number }> = {
  "claim, right epoch": (a) => ({ command: { type: "claim", ...about(a), epoch: a.epoch, nonce: "other", runner } }),
  "claim, same nonce": (a) => ({ command: { type: "claim", ...about(a), epoch: a.epoch, nonce: "n", runner } }),
  "claim, old epoch": (a) => ({ command: { type: "claim", ...about(a), epoch: a.epoch - 1, nonce: "n", runner } }),
  "result changed": (a) => ({
    command: {
      type: "result",
      ...about(a),
      epoch: a.epoch,
      nonce: "n",
      result: outcome({ outcome: "changed", candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }] }),
    },
  }),
  "result of another nonce": (a) => ({
    command: { type: "result", ...about(a), epoch: a.epoch, nonce: "other", result: outcome({}) },
  }),
  "result infrastructure": (a) => ({
    command: {
      type: "result",
      ...about(a),
      epoch: a.epoch,
      nonce: "n",
      result: outcome({ outcome: "failed", infrastructure: true, reason }),
    },
  }),
  "result blocked": (a) => ({
    command: {
      type: "result",
      ...about(a),
      epoch: a.epoch,
      nonce: "n",
      result: outcome({ outcome: "blocked", reason }),
    },
  }),
  retry: (a) => ({ command: { type: "retry", event: event("v1.0.0", { accepted: true }), last: a, actor: "t" } }),
  replay: (a) => ({ command: { type: "replay", event: event("v1.0.0", { accepted: true }), last: a, actor: "t" } }),
  resume: (a) => ({ command: { type: "resume", ...about(a), note: "done", actor: "t" } }),
  cancel: (a) => ({ command: { type: "cancel", ...about(a), actor: "t" } }),
  dismiss: (a) => ({ command: { type: "dismiss", ...about(a), note: "no", actor: "t" } }),
  land: (a) => ({ command: { type: "land", ...about(a), candidate, headOid: OID, actor: "t" } }),
  promote: (a) => ({ command: { type: "promote", ...about(a), candidate, channel: "internal", actor: "t" } }),
  "newer event": () => ({ command: { type: "accept", events: [event("v3.0.0")] } }),
  "tick, nothing due": () => ({ command: { type: "tick", leases: {}, seen: {} } }),
  "tick, lease lost": () => ({ command: { type: "tick", leases: {}, seen: {} }, now: NOW + 91_000 }),
  "tick, 10 days on": () => ({ command: { type: "tick", leases: {}, seen: {} }, now: LATER }),
};

/** `=`: stays; a state: goes there; `!code`: refused and stays; `+op`: stays, and a new attempt is made. */
// biome-ignore format: a table is read by its columns
const table: Record<string, Record<AttemptStatus, string>> = {
  "claim, right epoch":      { queued: "!fenced", dispatched: "running", running: "!already_claimed", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  "claim, same nonce":       { queued: "!fenced", dispatched: "running", running: "=", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  "claim, old epoch":        { queued: "!fenced", dispatched: "!fenced", running: "!fenced", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  "result changed":          { queued: "!fenced", dispatched: "!fenced", running: "changed", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  "result of another nonce": { queued: "!fenced", dispatched: "!fenced", running: "!fenced", blocked: "!fenced", needs_intervention: "!fenced", changed: "!fenced", completed: "!fenced", skipped: "!fenced", failed: "!fenced", timed_out: "!fenced", cancelled: "!closed", superseded: "!closed", dismissed: "!fenced" },
  "result infrastructure":   { queued: "!fenced", dispatched: "!fenced", running: "queued", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  "result blocked":          { queued: "!fenced", dispatched: "!fenced", running: "blocked", blocked: "!fenced", needs_intervention: "!fenced", changed: "!closed", completed: "!closed", skipped: "!closed", failed: "!closed", timed_out: "!closed", cancelled: "!closed", superseded: "!closed", dismissed: "!closed" },
  retry:                     { queued: "!not_retryable", dispatched: "!not_retryable", running: "!not_retryable", blocked: "superseded", needs_intervention: "superseded", changed: "!not_retryable", completed: "!not_retryable", skipped: "!not_retryable", failed: "+retry", timed_out: "+retry", cancelled: "+retry", superseded: "+retry", dismissed: "+retry" },
  replay:                    { queued: "superseded", dispatched: "+replay", running: "+replay", blocked: "superseded", needs_intervention: "superseded", changed: "+replay", completed: "+replay", skipped: "+replay", failed: "+replay", timed_out: "+replay", cancelled: "+replay", superseded: "+replay", dismissed: "+replay" },
  resume:                    { queued: "!not_resumable", dispatched: "!not_resumable", running: "!not_resumable", blocked: "!not_resumable", needs_intervention: "dispatched", changed: "!not_resumable", completed: "!not_resumable", skipped: "!not_resumable", failed: "!not_resumable", timed_out: "!not_resumable", cancelled: "!not_resumable", superseded: "!not_resumable", dismissed: "!not_resumable" },
  cancel:                    { queued: "cancelled", dispatched: "cancelled", running: "=", blocked: "cancelled", needs_intervention: "cancelled", changed: "!not_cancellable", completed: "!not_cancellable", skipped: "!not_cancellable", failed: "!not_cancellable", timed_out: "!not_cancellable", cancelled: "!not_cancellable", superseded: "!not_cancellable", dismissed: "!not_cancellable" },
  dismiss:                   { queued: "!not_dismissable", dispatched: "!not_dismissable", running: "!not_dismissable", blocked: "!not_dismissable", needs_intervention: "dismissed", changed: "!not_dismissable", completed: "!not_dismissable", skipped: "!not_dismissable", failed: "!not_dismissable", timed_out: "!not_dismissable", cancelled: "!not_dismissable", superseded: "!not_dismissable", dismissed: "!not_dismissable" },
  land:                      { queued: "!not_landable", dispatched: "!not_landable", running: "!not_landable", blocked: "!not_landable", needs_intervention: "!not_landable", changed: "+land", completed: "!not_landable", skipped: "!not_landable", failed: "!not_landable", timed_out: "!not_landable", cancelled: "!not_landable", superseded: "!not_landable", dismissed: "!not_landable" },
  promote:                   { queued: "!not_promotable", dispatched: "!not_promotable", running: "!not_promotable", blocked: "!not_promotable", needs_intervention: "!not_promotable", changed: "+promote", completed: "!not_promotable", skipped: "!not_promotable", failed: "!not_promotable", timed_out: "!not_promotable", cancelled: "!not_promotable", superseded: "!not_promotable", dismissed: "!not_promotable" },
  "newer event":             { queued: "superseded", dispatched: "superseded", running: "superseded", blocked: "superseded", needs_intervention: "superseded", changed: "+maintain", completed: "+maintain", skipped: "+maintain", failed: "+maintain", timed_out: "+maintain", cancelled: "+maintain", superseded: "+maintain", dismissed: "+maintain" },
  "tick, nothing due":       { queued: "=", dispatched: "=", running: "=", blocked: "=", needs_intervention: "=", changed: "=", completed: "=", skipped: "=", failed: "=", timed_out: "=", cancelled: "=", superseded: "=", dismissed: "=" },
  "tick, lease lost":        { queued: "=", dispatched: "=", running: "queued", blocked: "dispatched", needs_intervention: "=", changed: "=", completed: "=", skipped: "=", failed: "=", timed_out: "=", cancelled: "=", superseded: "=", dismissed: "=" },
  "tick, 10 days on":        { queued: "=", dispatched: "queued", running: "timed_out", blocked: "needs_intervention", needs_intervention: "=", changed: "=", completed: "=", skipped: "=", failed: "=", timed_out: "=", cancelled: "=", superseded: "=", dismissed: "=" },
};

describe("every state and every command", () => {
  for (const [name, row] of Object.entries(table)) {
    for (const status of AttemptStatus.options) {
      it(`${name} × ${status}: ${row[status]}`, () => {
        const { state, attempt } = stackWith(status);
        expect(attempt.status).toBe(status);
        const { command, now } = commands[name]?.(attempt) ?? {
          command: { type: "tick", leases: {}, seen: {} } as const,
        };
        const decision = decide(state, command, now ?? NOW);
        const after = decision.changes.attempts.find((a) => a.id === attempt.id) ?? attempt;
        const made = decision.changes.attempts.find((a) => a.number > state.attemptCount);
        const seen =
          decision.refused !== null
            ? `!${decision.refused.code}`
            : after.status !== attempt.status
              ? after.status
              : made !== undefined
                ? `+${made.operation}`
                : "=";
        expect(seen).toBe(row[status]);
        if (decision.refused !== null || isTerminal(status)) expect(after.status).toBe(status);
        expect(decision.next.open.filter((a) => isActive(a.status)).length).toBeLessThanOrEqual(1);
        expect(decision.next.journalSeq).toBe(state.journalSeq + decision.changes.journal.length);
      });
    }
  }
});

describe("events", () => {
  const accept = (state: StackState, ...events: IncomingEvent[]) => decide(state, { type: "accept", events }, NOW);
  const summary = (decision: Decision) => decision.changes.attempts.map((a) => [a.tag, a.status, a.reason?.code]);

  it("lets one page of releases become one attempt for the highest that may", () => {
    const tags = ["v1.9.1", "v1.10.0", "v1.10.1-rc.1", "v1.2.0", "v1.2.0rc1"];
    const events = tags.map((tag, position) => event(tag, { position }));
    const first = accept(empty(), ...events);
    const byTag = new Map(first.changes.attempts.map((a) => [a.tag, [a.status, a.reason?.code]]));
    expect(Object.fromEntries(byTag) as unknown).toEqual({
      "v1.10.0": ["dispatched", undefined],
      "v1.9.1": ["superseded", "superseded"],
      "v1.2.0": ["superseded", "superseded"],
      "v1.10.1-rc.1": ["skipped", "prerelease"],
      "v1.2.0rc1": ["skipped", "prerelease"],
    });
    const again = accept(take(first), ...events.map((e) => ({ ...e, accepted: true })));
    expect(again.changes.attempts).toEqual([]);
    expect(again.changes.journal).toEqual([]);
  });

  it("never goes down, and acts once on what is told twice", () => {
    const state = take(accept(empty(), event("v2.0.0")));
    expect(summary(accept(state, event("v1.0.0")))).toEqual([["v1.0.0", "skipped", "downgrade"]]);
    const twice = event("v2.0.0", { id: "other", sameMovement: "s.1" });
    expect(accept(state, twice).changes.attempts[0]).toMatchObject({ status: "skipped", relatedAttemptId: "s.1" });
    const inOnePage = accept(empty(), event("v3.0.0"), event("v3.0.0", { id: "tag", position: 2 }));
    expect(summary(inOnePage)).toEqual([
      ["v3.0.0", "dispatched", undefined],
      ["v3.0.0", "skipped", "same_movement"],
    ]);
  });

  it("works in order where the policy says so, also behind one that waits for a person", () => {
    const { state } = stackWith("needs_intervention", { onNewer: "queue" });
    const next = take(accept(state, event("v2.0.0")));
    expect(next.open.map((a) => a.status)).toEqual(["needs_intervention", "queued"]);
    const dismissed = decide(next, { type: "dismiss", attemptId: "s.1", ended: null, note: "no", actor: "t" }, NOW);
    expect(dismissed.next.open.map((a) => [a.id, a.status])).toEqual([["s.2", "dispatched"]]);
  });

  it("does not let a newer event take the place of a landing", () => {
    const { state, attempt } = stackWith("changed");
    const land = decide(state, { type: "land", ...about(attempt), candidate, headOid: OID, actor: "t" }, NOW);
    const next = accept(take(land), event("v2.0.0"));
    expect(next.next.open.map((a) => [a.operation, a.status])).toEqual([
      ["land", "dispatched"],
      ["maintain", "queued"],
    ]);
  });
});

it("skips a moved tag that it has left behind, naming both commits, but not the one it carries", () => {
  const done = stackWith("completed").state;
  const newer = take(decide(done, { type: "accept", events: [event("v2.0.0")] }, NOW));
  const move = { from: OID, to: "b".repeat(40) };
  const moved = event("v1.0.0", { id: "moved", movement: `tag:v1.0.0@${move.to}`, ontoSha: move.to, moved: move });
  const skipped = decide(newer, { type: "accept", events: [moved] }, NOW).changes.attempts;
  expect(skipped).toMatchObject([{ status: "skipped", reason: { code: "old_tag_moved" } }]);
  expect(skipped[0]?.reason?.message).toContain(move.from);
  expect(skipped[0]?.reason?.message).toContain(move.to);
  const standing = { ...newer, carried: { tag: "v1.0.0", oid: OID, landedAt: iso(NOW) } };
  expect(decide(standing, { type: "accept", events: [moved] }, NOW).changes.attempts).toMatchObject([
    { status: "needs_intervention", reason: { code: "tag_moved" } },
  ]);
});

it("holds a moved tag for a person, and goes on when resumed", () => {
  const { state } = stackWith("running");
  const move = { from: OID, to: "b".repeat(40) };
  const moved = event("v1.0.0", { id: "moved", movement: `tag:v1.0.0@${move.to}`, ontoSha: move.to, moved: move });
  const held = take(decide(state, { type: "accept", events: [moved] }, NOW));
  expect(held.open).toMatchObject([{ id: "s.2", status: "needs_intervention", reason: { code: "tag_moved" } }]);
  expect(held.open[0]?.reason?.message).toContain(move.from);
  expect(held.open[0]?.reason?.message).toContain(move.to);
  const resumed = decide(
    held,
    { type: "resume", attemptId: "s.2", ended: null, note: "upstream said so", actor: "t" },
    NOW,
  );
  expect(resumed.next.open).toMatchObject([{ id: "s.2", status: "dispatched", ontoSha: move.to }]);
});

describe("retries", () => {
  it("spends three, waiting longer each time, and then times out", () => {
    let { state } = stackWith("running");
    let now = NOW;
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      now += 91_000;
      const lost = decide(state, { type: "tick", leases: {}, seen: {} }, now);
      const [attempt] = lost.changes.attempts;
      if (attempt?.status === "timed_out") {
        expect(attempt.reason?.code).toBe("retries_spent");
        break;
      }
      expect(attempt).toMatchObject({ status: "queued", retries: i + 1, epoch: i + 2, nonce: null });
      waits.push(Date.parse(attempt?.notBefore ?? "") - now);
      now = Date.parse(attempt?.notBefore ?? "");
      state = take(decide(lost.next, { type: "tick", leases: {}, seen: {} }, now));
      state = take(
        decide(state, { type: "claim", attemptId: "s.1", ended: null, epoch: i + 2, nonce: `n${i}`, runner }, now),
      );
    }
    for (const [i, minutes] of [1, 5, 30].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(minutes * 48_000);
      expect(waits[i]).toBeLessThanOrEqual(minutes * 72_000);
    }
    expect(waits).toHaveLength(3);
  });

  it("keeps the count when an operator cancels, and clears it when one resumes", () => {
    const { state } = stackWith("running");
    const cancel = decide(state, { type: "cancel", attemptId: "s.1", ended: null, actor: "t" }, NOW);
    expect(cancel.attempt).toMatchObject({ status: "running", cancelRequested: true });
    const gone = decide(cancel.next, { type: "tick", leases: {}, seen: {} }, NOW + 91_000);
    expect(ended(gone)).toMatchObject({ status: "cancelled", epoch: 2, retries: 0 });
  });

  it("hands back work without a wait when a runner is switched off in order", () => {
    const { state } = stackWith("running");
    const stopped = outcome({
      outcome: "failed",
      infrastructure: true,
      reason: { code: "runner_stopped", message: "stopped" },
    });
    const decision = decide(
      state,
      { type: "result", attemptId: "s.1", ended: null, epoch: 1, nonce: "n", result: stopped },
      NOW,
    );
    expect(decision.attempt).toMatchObject({ status: "dispatched", epoch: 2, retries: 0 });
  });
});

describe("candidates", () => {
  const named = (name: string) => ({ kind: "branch" as const, ref: `refs/heads/${name}`, oid: OID });
  const tell = (state: StackState, epoch: number, result: object, nonce = "n") =>
    decide(state, { type: "result", attemptId: "s.1", ended: null, epoch, nonce, result: outcome(result) }, NOW);

  it("survive a later failure, with what the steps said on the timeline", () => {
    const { state } = stackWith("running");
    const steps = [
      { flow: "f", version: 1, step: "one", status: "changed" as const, message: "made it", seconds: 1 },
      { flow: "f", version: 1, step: "two", status: "failed" as const, message: "broke", seconds: 1 },
    ];
    const told = tell(state, 1, { outcome: "failed", reason, candidates: [named("a")], steps });
    expect(told.attempt).toMatchObject({ status: "failed", candidates: [named("a")] });
    expect(told.changes.candidates).toMatchObject([{ id: "s.1.c1", ref: "refs/heads/a" }]);
    expect(told.changes.journal.find((entry) => entry.kind === "note")?.data).toEqual({ steps });
  });

  it("of several hand-outs are merged, the newest first, and recorded once", () => {
    const { state } = stackWith("running");
    const blocked = tell(state, 1, { outcome: "blocked", reason, candidates: [named("a")] });
    expect(blocked.attempt).toMatchObject({ status: "blocked", candidates: [named("a")] });
    expect(blocked.changes.candidates).toEqual([]);
    const later = decide(blocked.next, { type: "tick", leases: {}, seen: {} }, NOW + 86_400_000 / 2);
    const runner = { name: "r", version: "1", labels: [] };
    const claim = { type: "claim" as const, attemptId: "s.1", ended: null, epoch: 2, nonce: "m", runner };
    const running = decide(later.next, claim, NOW);
    const changed = tell(running.next, 2, { outcome: "changed", candidates: [named("b"), named("a")] }, "m");
    expect(changed.attempt).toMatchObject({ status: "changed", candidates: [named("b"), named("a")] });
    expect(changed.changes.candidates.map(({ ref }) => ref)).toEqual(["refs/heads/b", "refs/heads/a"]);
  });
});

it("keeps late results as evidence and changes nothing else", () => {
  const { state, attempt } = stackWith("changed");
  const late = decide(state, { type: "result", ...about(attempt), epoch: 1, nonce: "n", result: outcome({}) }, NOW);
  expect(late.refused?.code).toBe("closed");
  expect(late.changes.attempts).toEqual([]);
  expect(late.changes.journal.map((entry) => entry.kind)).toEqual(["evidence"]);
});

it("tells what the policy wants told, under an id that is the same whenever it is decided again", () => {
  const { state } = stackWith("running", { notify: { discord: ["changed"] } });
  const command: Command = {
    type: "result",
    attemptId: "s.1",
    ended: null,
    epoch: 1,
    nonce: "n",
    result: outcome({ outcome: "changed", candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }] }),
  };
  const once = decide(state, command, NOW).changes.outbox;
  expect(once).toHaveLength(1);
  expect(decide(state, command, NOW).changes.outbox).toEqual(once);
});

it("lands by itself where the policy says so", () => {
  const { state } = stackWith("running", { landing: "auto" });
  const report = { head: { oid: OID } } as never;
  const result = outcome({
    outcome: "changed",
    report,
    candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }],
  });
  const decision = decide(state, { type: "result", attemptId: "s.1", ended: null, epoch: 1, nonce: "n", result }, NOW);
  expect(decision.next.open).toMatchObject([{ operation: "land", status: "dispatched", landsAttemptId: "s.1" }]);
});

it("counts every attempt that ends, once, by how it ended", () => {
  const { state } = stackWith("queued");
  const first = take(decide(state, { type: "accept", events: [event("v1.1.0")] }, NOW));
  const newer = take(decide(first, { type: "accept", events: [event("v1.0.5")] }, NOW));
  expect(newer.endedCounts).toEqual({ superseded: 1, skipped: 1 });
  const cancelled = take(decide(newer, { type: "cancel", attemptId: "s.2", ended: null, actor: "o" }, NOW));
  const again = decide(cancelled, { type: "cancel", attemptId: "s.2", ended: null, actor: "o" }, NOW).next;
  expect(again.endedCounts).toEqual(cancelled.endedCounts);
  const ended = Object.values(cancelled.endedCounts).reduce((sum, n) => sum + n, 0);
  expect(ended).toBe(cancelled.attemptCount - cancelled.open.length);
});
