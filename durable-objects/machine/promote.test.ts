/**
 * Which channels move when a candidate is made, and what a person may move.
 */
import { describe, expect, it } from "vitest";
import { StackConfig } from "../../worker/contract/stack.ts";
import type { AttemptRow, CandidateRow } from "../../worker/store/rows.ts";
import { decide } from "./decide.ts";
import { type Command, type Decision, emptyStack, type IncomingEvent, type StackState } from "./state.ts";

const NOW = Date.parse("2026-01-01T00:00:00.000Z");
const OID = "a".repeat(40);
const runner = { name: "r", version: "1", labels: [] };

const channels = {
  internal: { follows: "candidates" },
  public: { follows: "releases" },
  trial: { follows: "manual" },
};

function declared(policy: object = {}): StackState {
  const config = StackConfig.parse({
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
    channels,
    policy,
  });
  return emptyStack("s", config);
}

function event(tag: string | null, more: Partial<IncomingEvent> = {}): IncomingEvent {
  const name = tag ?? "push";
  const onto = tag === null ? OID : `refs/tags/${tag}`;
  const facts = { movement: name, onto, ontoSha: null, tag, prerelease: undefined };
  return {
    id: `e:${name}`,
    position: 1,
    ...facts,
    moved: null,
    advisory: null,
    accepted: false,
    sameMovement: null,
    ...more,
  };
}

function take(state: StackState, command: Command): Decision {
  const decision = decide(state, command, NOW);
  expect(decision.refused).toBeNull();
  return decision;
}

/** The attempt that is handed out is claimed and ends like this. */
function end(state: StackState, result: object): Decision {
  const active = state.open.find((a) => a.status === "dispatched");
  if (active === undefined) throw new Error("nothing is handed out");
  const claim = { attemptId: active.id, ended: null, epoch: active.epoch, nonce: `n${active.id}` };
  const running = take(state, { type: "claim", ...claim, runner }).next;
  const told = { outcome: "changed" as const, infrastructure: false, candidates: [], ...result };
  return take(running, { type: "result", ...claim, result: told });
}

const made = (oid = OID) => ({ candidates: [{ kind: "branch", ref: "refs/heads/c", oid }] });

/** An event's candidate is made; nothing has been promoted yet. */
function candidateOf(state: StackState, what: IncomingEvent): Decision {
  return end(take(state, { type: "accept", events: [what] }).next, made());
}

const waiting = ({ next }: Decision) => next.open.map((a) => [a.operation, a.channel, a.candidateId]);

describe("by itself", () => {
  it("a release moves the channels that follow candidates and releases, one after the other", () => {
    const first = candidateOf(declared(), event("v1.0.0"));
    expect(waiting(first)).toEqual([
      ["promote", "internal", "s.1.c1"],
      ["promote", "public", "s.1.c1"],
    ]);
    const second = end(first.next, made());
    expect(second.next.channels).toMatchObject({ internal: { candidateId: "s.1.c1", oid: OID, tag: "v1.0.0" } });
    expect(second.next.open).toMatchObject([{ channel: "public", status: "dispatched" }]);
  });

  it.each<[string, IncomingEvent, object]>([
    ["a prerelease by its version", event("v1.1.0-rc.1"), { releases: { prereleases: true } }],
    ["a prerelease by its forge", event("v1.1.0", { prerelease: true }), { releases: { prereleases: true } }],
    ["a push", event(null), {}],
  ])("%s moves only what follows candidates", (_, what, policy) => {
    expect(waiting(candidateOf(declared(policy), what))).toEqual([["promote", "internal", "s.1.c1"]]);
  });

  it("one channel that fails, or waits for the outside, does not hold up the other", () => {
    const reason = { code: "because", message: "because" };
    for (const outcome of ["failed", "blocked"]) {
      const first = end(candidateOf(declared(), event("v1.0.0")).next, { outcome, reason });
      const second = end(first.next, made());
      expect(Object.keys(second.next.channels)).toEqual(["public"]);
    }
  });

  it("a newer candidate takes the place of a promotion that waits, and no newer event does", () => {
    const paused = take(candidateOf(declared(), event("v1.0.0")).next, { type: "accept", events: [event("v2.0.0")] });
    expect(paused.next.open.map((a) => a.operation)).toEqual(["promote", "promote", "maintain"]);
    const internal = end(paused.next, { outcome: "blocked", reason: { code: "x", message: "x" } });
    const both = end(end(internal.next, made()).next, made());
    const older = both.changes.attempts.find((a) => a.id === "s.2");
    expect(older).toMatchObject({ channel: "internal", status: "superseded", relatedAttemptId: "s.5" });
  });

  it("never takes a channel back to a lower version", () => {
    let state = candidateOf(declared(), event("v2.0.0")).next;
    state = end(end(state, made()).next, made()).next;
    const again = event("v1.0.0", { accepted: true });
    const replayed = take(state, { type: "replay", event: again, last: null, actor: "t" }).next;
    const done = end(replayed, made());
    expect(waiting(done)).toEqual([]);
    const notes = done.changes.journal.filter((entry) => entry.reason?.code === "not_promoted");
    expect(notes.map((entry) => entry.reason?.message)).toMatchObject([
      /'internal' stays on v2/,
      /'public' stays on v2/,
    ]);
  });
});

describe("by a person", () => {
  const candidate: CandidateRow = {
    id: "s.1.c1",
    stackId: "s",
    attemptId: "s.1",
    eventId: "e:v1.0.0",
    kind: "branch",
    ref: "refs/heads/c",
    oid: OID,
    tag: "v1.0.0",
    createdAt: "2026-01-01T00:00:00.000Z",
    landedAt: null,
  };
  const settled = () => {
    const first = candidateOf(declared(), event("v1.0.0"));
    const ended = first.changes.attempts.find((a) => a.id === "s.1");
    if (ended === undefined) throw new Error("s.1 did not end");
    return { state: end(end(first.next, made()).next, made()).next, ended };
  };
  const ask = (state: StackState, ended: AttemptRow, channel: string, more: Partial<CandidateRow> = {}) =>
    decide(
      state,
      { type: "promote", attemptId: "s.1", ended, candidate: { ...candidate, ...more }, channel, actor: "operator:t" },
      NOW,
    );

  it("any channel moves, and the pointer says who did it", () => {
    const { state, ended } = settled();
    const asked = ask(state, ended, "trial");
    expect(asked.attempt).toMatchObject({ operation: "promote", channel: "trial", candidateId: "s.1.c1" });
    expect(end(asked.next, made()).next.channels.trial).toMatchObject({ attemptId: "s.4", actor: "operator:t" });
  });

  it("what a channel stands on can be promoted again: its branch may have been moved", () => {
    const { state, ended } = settled();
    expect(ask(state, ended, "internal").attempt).toMatchObject({ status: "dispatched", candidateId: "s.1.c1" });
  });

  it("is refused with what to do instead", () => {
    const { state, ended } = settled();
    expect(ask(state, ended, "beta").refused).toMatchObject({ code: "not_found", message: /internal, public, trial/ });
    expect(ask(state, ended, "trial", { kind: "artifact" }).refused).toMatchObject({ code: "not_promotable" });
    const twice = ask(ask(state, ended, "trial").next, ended, "trial");
    expect(twice.refused).toMatchObject({ code: "not_promotable", message: "s.4 is promoting it already" });
    const superseded = { ...ended, status: "superseded" as const };
    expect(ask(state, superseded, "trial").refused).toMatchObject({
      code: "not_promotable",
      message: /replay its event/,
    });
  });
});

describe("a late push of a promotion that was given up", () => {
  /** v1 is on both channels; a promotion of v2 to 'internal' is claimed, cancelled, and its runner fenced off. */
  const givenUp = () => {
    const first = end(end(candidateOf(declared(), event("v1.0.0")).next, made()).next, made());
    const standing = { ...first.changes.attempts[0] } as AttemptRow;
    const second = candidateOf(first.next, event("v2.0.0"));
    const active = second.next.open.find((a) => a.status === "dispatched");
    if (active === undefined) throw new Error("nothing is handed out");
    const claim = { attemptId: active.id, ended: null, epoch: active.epoch, nonce: "asleep" };
    const running = take(second.next, { type: "claim", ...claim, runner }).next;
    const asked = take(running, { type: "cancel", attemptId: active.id, ended: null, actor: "operator:t" }).next;
    const after = decide(asked, { type: "tick", leases: {}, seen: {} }, NOW + 3_600_000);
    const ended = after.changes.attempts.find((a) => a.id === active.id);
    if (ended?.status !== "cancelled") throw new Error(`it is ${ended?.status}`);
    const result = { outcome: "changed" as const, infrastructure: false, ...made("b".repeat(40)) };
    const told = { type: "result" as const, ...claim, ended, result } as Extract<Command, { type: "result" }>;
    return { state: after.next, told, standing: { ...standing, channel: "internal", candidateId: "s.1.c1" } };
  };

  it("is kept as evidence, and the channel goes back to where the record has it", () => {
    const { state, told, standing } = givenUp();
    const late = decide(state, { ...told, late: { evidence: 0, standing } }, NOW + 3_700_000);
    expect(late.refused?.code).toBe("fenced");
    expect(late.changes.journal.map((entry) => entry.kind)).toEqual(["evidence", "created"]);
    const restored = late.next.open.at(-1);
    expect(restored).toMatchObject({
      operation: "promote",
      channel: "internal",
      candidateId: "s.1.c1",
      actor: "policy",
    });
    // Nothing is handed out on the word of a runner that is fenced off: the clock does it, and soon.
    expect(restored).toMatchObject({ status: "queued", notBefore: new Date(NOW + 3_700_000).toISOString() });
    const again = decide(late.next, { ...told, late: { evidence: 1, standing } }, NOW + 3_800_000);
    expect(again.changes.journal.map((entry) => entry.kind)).toEqual(["evidence"]);
  });

  it("that changed nothing on record changes nothing, and a runner gone wild makes no more of them", () => {
    const { state, told, standing } = givenUp();
    for (const late of [undefined, { evidence: 0, standing: null }, { evidence: 20, standing }])
      expect(decide(state, { ...told, ...(late === undefined ? {} : { late }) }, NOW).changes.attempts).toEqual([]);
  });
});

it("tells of a promotion, naming the channel", () => {
  const first = candidateOf(declared({ notify: { discord: ["promoted"] } }), event("v1.0.0"));
  expect(first.changes.outbox).toEqual([]);
  expect(end(first.next, made()).changes.outbox).toMatchObject([
    { payload: { event: "promoted", channel: "internal", candidates: [{ oid: OID }] } },
  ]);
});
