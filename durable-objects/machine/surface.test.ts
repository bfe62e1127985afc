/**
 * Every state × everything that a surface may say, for a surface whose jobs claim their work and for
 * one whose runs are read.
 */
import { describe, expect, it } from "vitest";
import { AttemptStatus, isActive, isTerminal } from "../../worker/contract/attempt.ts";
import type { DispatchAnswer, StatusAnswer } from "../../worker/dispatch/driver.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { decide } from "./decide.ts";
import type { Command, Decision, StackState } from "./state.ts";
import {
  about,
  candidate,
  ended,
  event,
  LATER,
  NOW,
  OID,
  outcome,
  reason,
  runner,
  sees,
  stackWith,
  take,
} from "./testing/stack-in-state.ts";
import { iso } from "./timing.ts";

const JOBS = { driver: "github-actions" };
const RUNS = { driver: "workspace-http" };
const runs = [{ id: "7", url: "https://forge.test.org/runs/7" }];

const says = (a: AttemptRow, answer: DispatchAnswer): Command => ({
  type: "surface_answer",
  ...about(a),
  epoch: a.epoch,
  answer,
});
const seen = (a: AttemptRow, answer: StatusAnswer) => sees({ [a.id]: { epoch: a.epoch, answer, news: true } });
/** Taken at once, and nothing of it to be seen; its runner beats. */
const absent = (a: AttemptRow): Command => ({
  type: "tick",
  leases: { [a.id]: LEASE },
  seen: { [a.id]: { epoch: a.epoch, answer: { kind: "absent" }, news: false, takenAt: iso(NOW) } },
});
const LEASE = iso(NOW + 3_600_000);
const result = (more: object) => ({ kind: "ended" as const, runs, message: "over", result: outcome(more) });

const commands: Record<string, (a: AttemptRow) => { command: Command; now?: number }> = {
  taken: (a) => ({ command: says(a, { kind: "taken", runs }) }),
  nothing: (a) => ({ command: says(a, { kind: "nothing", message: "no flow matches" }) }),
  refused: (a) => ({ command: says(a, { kind: "refused", reason }) }),
  later: (a) => ({ command: says(a, { kind: "later", reason, afterSeconds: 600 }) }),
  unclear: (a) => ({ command: says(a, { kind: "unclear", reason }) }),
  "taken, of an older hand-out": (a) => ({
    command: { type: "surface_answer", ...about(a), epoch: a.epoch - 1, answer: { kind: "taken", runs } },
  }),
  "seen absent": (a) => ({ command: seen(a, { kind: "absent" }) }),
  "taken, seen absent soon": (a) => ({ command: absent(a), now: NOW + 899_999 }),
  "taken, seen absent": (a) => ({ command: absent(a), now: NOW + 900_000 }),
  "seen waiting": (a) => ({ command: seen(a, { kind: "waiting", runs }) }),
  "seen running": (a) => ({ command: seen(a, { kind: "running", runs }) }),
  "seen ended, nothing told": (a) => ({ command: seen(a, { kind: "ended", runs, message: "cancelled" }) }),
  "seen ended changed": (a) => ({
    command: seen(a, result({ outcome: "changed", candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }] })),
  }),
  "seen unknown": (a) => ({ command: seen(a, { kind: "unknown", reason }) }),
  "late, seen absent": (a) => ({ command: seen(a, { kind: "absent" }), now: LATER }),
  "late, seen waiting": (a) => ({ command: seen(a, { kind: "waiting", runs }), now: LATER }),
  "late, seen unknown": (a) => ({ command: seen(a, { kind: "unknown", reason }), now: LATER }),
  "late, nobody looked": () => ({ command: sees({}), now: LATER }),
  "seen of an older hand-out": (a) => ({
    command: sees({ [a.id]: { epoch: a.epoch - 1, answer: { kind: "absent" }, news: true } }),
  }),
  claim: (a) => ({ command: { type: "claim", ...about(a), epoch: a.epoch, nonce: "other", runner } }),
  cancel: (a) => ({ command: { type: "cancel", ...about(a), actor: "t" } }),
  land: (a) => ({ command: { type: "land", ...about(a), candidate, headOid: OID, actor: "t" } }),
};

const ENDED = {
  changed: "=",
  completed: "=",
  skipped: "=",
  failed: "=",
  timed_out: "=",
  cancelled: "=",
  superseded: "=",
  dismissed: "=",
};
const same = (text: string) => Object.fromEntries(Object.keys(ENDED).map((status) => [status, text]));
const quiet = { queued: "=", dispatched: "=", running: "=", blocked: "=", needs_intervention: "=", ...ENDED };
/** Ten days on, whoever looked: what waited goes on, as in the other table. */
const late = { ...quiet, blocked: "needs_intervention" };

type Row = Partial<Record<AttemptStatus, string>>;

// biome-ignore format: a table is read by its columns
const table: Record<string, { jobs: Row; runs: Row }> = {
  taken:                         { jobs: quiet, runs: quiet },
  nothing:                       { jobs: { ...quiet, dispatched: "skipped" }, runs: { ...quiet, dispatched: "skipped" } },
  refused:                       { jobs: { ...quiet, dispatched: "blocked" }, runs: { ...quiet, dispatched: "blocked" } },
  later:                         { jobs: { ...quiet, dispatched: "blocked" }, runs: { ...quiet, dispatched: "blocked" } },
  unclear:                       { jobs: quiet, runs: quiet },
  "taken, of an older hand-out": { jobs: quiet, runs: quiet },
  "seen absent":                 { jobs: quiet, runs: quiet },
  "taken, seen absent soon":     { jobs: { ...quiet, blocked: "dispatched" }, runs: { ...quiet, blocked: "dispatched" } },
  "taken, seen absent":          { jobs: { ...quiet, dispatched: "queued", blocked: "dispatched" }, runs: { ...quiet, dispatched: "queued", blocked: "dispatched" } },
  "seen waiting":                { jobs: quiet, runs: quiet },
  "seen running":                { jobs: quiet, runs: { ...quiet, dispatched: "running" } },
  "seen ended, nothing told":    { jobs: { ...quiet, dispatched: "queued", running: "queued" }, runs: { ...quiet, dispatched: "failed", running: "failed" } },
  "seen ended changed":          { jobs: { ...quiet, dispatched: "queued", running: "queued" }, runs: { ...quiet, dispatched: "changed", running: "changed" } },
  "seen unknown":                { jobs: quiet, runs: quiet },
  "late, seen absent":           { jobs: { ...late, dispatched: "queued", running: "timed_out" }, runs: { ...late, dispatched: "queued", running: "timed_out" } },
  "late, seen waiting":          { jobs: { ...late, running: "timed_out" }, runs: { ...late, running: "timed_out" } },
  "late, seen unknown":          { jobs: { ...late, running: "timed_out" }, runs: { ...late, running: "timed_out" } },
  "late, nobody looked":         { jobs: { ...late, running: "timed_out" }, runs: { ...late, running: "timed_out" } },
  "seen of an older hand-out":   { jobs: quiet, runs: quiet },
  claim:                         { jobs: { queued: "!fenced", dispatched: "running", running: "!already_claimed", blocked: "!fenced", needs_intervention: "!fenced", ...same("!closed") }, runs: { queued: "!fenced", dispatched: "!forbidden", running: "!forbidden", blocked: "!forbidden", needs_intervention: "!forbidden", ...same("!closed") } },
  cancel:                        { jobs: { queued: "cancelled", dispatched: "cancelled", running: "=", blocked: "cancelled", needs_intervention: "cancelled", ...same("!not_cancellable") }, runs: { queued: "cancelled", dispatched: "cancelled", running: "cancelled", blocked: "cancelled", needs_intervention: "cancelled", ...same("!not_cancellable") } },
  land:                          { jobs: { ...same("!not_landable"), queued: "!not_landable", dispatched: "!not_landable", running: "!not_landable", blocked: "!not_landable", needs_intervention: "!not_landable", changed: "+land" }, runs: { ...same("!not_landable"), queued: "!not_landable", dispatched: "!not_landable", running: "!not_landable", blocked: "!not_landable", needs_intervention: "!not_landable" } },
};

for (const [kind, policy] of [
  ["jobs", JOBS],
  ["runs", RUNS],
] as const) {
  describe(`a surface of ${kind}`, () => {
    for (const [name, row] of Object.entries(table)) {
      it.each(AttemptStatus.options)(`${name} × %s`, (status) => {
        const { state, attempt } = stackWith(status, policy);
        expect(attempt.status).toBe(status);
        const { command, now } = commands[name]?.(attempt) ?? { command: sees({}) };
        const decision = decide(state, command, now ?? NOW);
        // A stack of another test's time may queue and hand out at once: what counts is where it went first.
        expect(whereTo(decision, state, attempt)).toBe(row[kind][status]);
        expect(decision.next.open.filter((a) => isActive(a.status)).length).toBeLessThanOrEqual(1);
        expect(decision.next.journalSeq).toBe(state.journalSeq + decision.changes.journal.length);
        if (isTerminal(status)) expect(decision.changes.attempts.some((a) => a.id === attempt.id)).toBe(false);
      });
    }
  });
}

function whereTo(decision: Decision, state: StackState, attempt: AttemptRow): string {
  if (decision.refused !== null) return `!${decision.refused.code}`;
  const after = decision.changes.attempts.find((a) => a.id === attempt.id) ?? attempt;
  const made = decision.changes.attempts.find((a) => a.number > state.attemptCount);
  if (after.status !== attempt.status) return after.status;
  return made === undefined ? "=" : `+${made.operation}`;
}

const effects = (decision: Decision) => decision.changes.outbox.map(({ id, kind }) => [id, kind]);

describe("a hand-out", () => {
  it("leaves as one effect, to the surface that was configured then", () => {
    const { state } = stackWith("queued", { ...JOBS, surface: { workflow: "carry.yml", ref: "main" } });
    const unpaused = decide(state, { type: "unpause", actor: "t" }, NOW);
    expect(effects(unpaused)).toEqual([["s.1.1:dispatch", "dispatch"]]);
    const surface = { driver: "github-actions", workflow: "carry.yml", ref: "main" };
    expect(unpaused.changes.outbox[0]?.payload).toEqual({ dispatchId: "s.1.1", surface });
    expect(unpaused.changes.dispatches).toMatchObject([{ id: "s.1.1", driver: "github-actions", status: "waiting" }]);
    const { config } = unpaused.next;
    const changed = { ...config, policy: { ...config.policy, driver: "pull" as const, surface: undefined } };
    const later = take(decide(unpaused.next, { type: "configure", config: changed, actor: "t" }, NOW));
    const cancelled = decide(later, { type: "cancel", attemptId: "s.1", ended: null, actor: "t" }, NOW);
    expect(cancelled.changes.outbox).toMatchObject([{ kind: "dispatch.cancel", payload: { surface } }]);
  });

  it("of work that is pulled leaves nothing", () => {
    const { state } = stackWith("queued");
    expect(effects(decide(state, { type: "unpause", actor: "t" }, NOW))).toEqual([]);
  });

  it("that was taken says as what, and forgets what was unclear about it", () => {
    const { state, attempt } = stackWith("dispatched", JOBS);
    const doubted = take(decide(state, says(attempt, { kind: "unclear", reason }), NOW));
    expect(doubted.open[0]?.reason).toMatchObject({ code: "dispatch_unclear" });
    // Said once however often it stays unclear.
    expect(decide(doubted, says(attempt, { kind: "unclear", reason }), NOW).changes.journal).toEqual([]);
    const clear = decide(doubted, says(attempt, { kind: "taken", runs }), NOW);
    expect(clear.attempt).toMatchObject({ status: "dispatched", reason: null, epoch: 1 });
    expect(clear.changes.dispatchUpdates).toEqual([
      { id: "s.1.1", sentAt: iso(NOW), runs, outcome: null, reason: null },
    ]);
    expect(clear.changes.journal[0]?.reason?.message).toContain("https://forge.test.org/runs/7");
  });

  it("that a host limits parks the attempt until the host takes it again, and says so", () => {
    const { state, attempt } = stackWith("dispatched", JOBS);
    const parked = decide(state, says(attempt, { kind: "later", reason, afterSeconds: 600 }), NOW);
    expect(parked.attempt).toMatchObject({ status: "blocked", epoch: 2, retries: 0 });
    // All that the host holds back would come in the same second otherwise.
    const until = Date.parse(parked.attempt?.notBefore ?? "");
    expect(until).toBeGreaterThan(NOW + 600_000);
    expect(until).toBeLessThanOrEqual(NOW + 660_000);
    expect(parked.attempt?.reason?.message).toContain(iso(until));
    const early = decide(parked.next, sees({}), NOW + 599_000);
    expect(early.changes.attempts).toEqual([]);
    const due = decide(parked.next, sees({}), until);
    expect(effects(due)).toEqual([["s.1.3:dispatch", "dispatch"]]);
  });

  it("that was taken at last has not been blocked for a day", () => {
    const { state, attempt } = stackWith("dispatched", JOBS);
    const parked = take(decide(state, says(attempt, { kind: "later", reason, afterSeconds: 600 }), NOW));
    const again = take(decide(parked, sees({}), NOW + 660_000));
    const [handed] = again.open;
    if (handed === undefined) throw new Error("nothing was handed out");
    expect(handed.blockedSince).toBe(iso(NOW));
    const taken = decide(again, says(handed, { kind: "taken", runs }), NOW + 600_000);
    expect(taken.attempt).toMatchObject({ status: "dispatched", blockedSince: null });
  });

  it("that a runner claimed before the surface answered counts, whatever the answer is", () => {
    const { state, attempt } = stackWith("running", JOBS);
    for (const answer of [
      { kind: "refused", reason },
      { kind: "unclear", reason },
    ] as const)
      expect(decide(state, says(attempt, answer), NOW).changes.journal).toEqual([]);
    const taken = decide(state, says(attempt, { kind: "taken", runs }), NOW);
    expect(taken.changes.dispatchUpdates).toEqual([{ id: "s.1.1", sentAt: iso(NOW), runs }]);
  });
});

describe("past the start deadline", () => {
  it("a job that waits gets as long once more, and is then stopped", () => {
    const { state, attempt } = stackWith("dispatched", JOBS);
    const start = Date.parse(attempt.deadlineAt ?? "") - NOW;
    const once = decide(state, seen(attempt, { kind: "waiting", runs }), NOW + start);
    expect(once.changes.attempts).toMatchObject([
      { status: "dispatched", deadlineAt: iso(NOW + 2 * start), reason: { code: "still_waiting" } },
    ]);
    const twice = decide(once.next, seen(attempt, { kind: "waiting", runs }), NOW + 2 * start);
    expect(ended(twice)).toMatchObject({ status: "queued", epoch: 2, retries: 1, reason: { code: "not_claimed" } });
    expect(effects(twice)).toEqual([["s.1.1:dispatch.cancel", "dispatch.cancel"]]);
  });

  it("a surface that cannot be asked gets five minutes", () => {
    const { state, attempt } = stackWith("dispatched", JOBS);
    const start = Date.parse(attempt.deadlineAt ?? "") - NOW;
    const silent = decide(state, seen(attempt, { kind: "unknown", reason }), NOW + start);
    expect(silent.changes.attempts).toMatchObject([{ status: "dispatched", reason: { code: "surface_silent" } }]);
    const over = decide(silent.next, seen(attempt, { kind: "unknown", reason }), NOW + start + 300_000);
    expect(ended(over)).toMatchObject({ status: "queued", retries: 1 });
  });
});

it("a job that is lost, superseded or out of time is stopped at its surface", () => {
  const { state } = stackWith("running", JOBS);
  const lost = decide(state, sees({}), NOW + 91_000);
  expect(effects(lost)).toEqual([["s.1.1:dispatch.cancel", "dispatch.cancel"]]);
  const newer = decide(state, { type: "accept", events: [event("v2.0.0")] }, NOW);
  expect(effects(newer)).toEqual([
    ["s.1.1:dispatch.cancel", "dispatch.cancel"],
    ["s.2.1:dispatch", "dispatch"],
  ]);
});

it("keeps the candidates of a workspace's runs, and lands none of them", () => {
  const { state, attempt } = stackWith("dispatched", { ...RUNS, landing: "auto" });
  const candidates = [{ kind: "branch" as const, ref: "refs/heads/c", oid: OID }];
  const changed = decide(state, seen(attempt, result({ outcome: "changed", candidates })), NOW);
  expect(ended(changed)).toMatchObject({ status: "changed", candidates });
  expect(changed.changes.candidates).toMatchObject([{ ref: "refs/heads/c", oid: OID }]);
  expect(changed.next.open).toEqual([]);
  const asked = { type: "land" as const, attemptId: "s.1", ended: ended(changed), candidate, headOid: OID, actor: "t" };
  const refused = decide(changed.next, asked, NOW);
  expect(refused.refused).toMatchObject({ code: "not_landable" });
  expect(refused.refused?.message).toContain("workspace-http");
});
