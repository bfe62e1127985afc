/** Landing after the forge's checks: green lands, red and lateness ask, and a person's word needs no check. */
import { describe, expect, it } from "vitest";
import { StackConfig } from "../../worker/contract/stack.ts";
import type { ChecksAnswer } from "../../worker/review/check-verdict.ts";
import type { AttemptRow } from "../../worker/store/rows.ts";
import { decide } from "./decide.ts";
import { stackActionAt } from "./hand-out.ts";
import { type Command, emptyStack, type StackState } from "./state.ts";
import { about, candidate, config, event, NOW, OID, runner, take } from "./testing/stack-in-state.ts";
import { iso } from "./timing.ts";

const MINUTE = 60_000;
const policy = { landing: "after_checks", deadlines: { checksSeconds: 3600 } };
const stack = StackConfig.parse({ ...config, fork: { url: "https://github.com/office/lantern" }, policy });
const green = { kind: "passed", settled: true, message: "all 2 checks are green" } as const;
const pending = { kind: "pending", message: "waits for 1 of 2 checks: 'ci'" } as const;

/** A stack whose attempt `number` has just made a candidate. */
function made(state: StackState, number: number, now = NOW): StackState {
  const attemptId = `s.${number}`;
  const told = { attemptId, ended: null, epoch: 1, nonce: `n${number}` };
  const accepted = take(decide(state, { type: "accept", events: [event(`v${number}.0.0`)] }, now));
  const claimed = take(decide(accepted, { type: "claim", ...told, runner }, now));
  const candidates = [{ kind: "branch" as const, ref: `refs/heads/c${number}`, oid: OID }];
  const report = { head: { oid: OID } } as never;
  const result = { outcome: "changed" as const, infrastructure: false, candidates, report };
  return take(decide(claimed, { type: "result", ...told, result }, now));
}

function waiting(): { state: StackState; landing: AttemptRow } {
  const state = made(emptyStack("s", stack), 1);
  const [landing] = state.open;
  if (landing === undefined) throw new Error("no landing");
  return { state, landing };
}

const says = (id: string, answer: ChecksAnswer | undefined): Command => ({
  type: "tick",
  leases: {},
  seen: {},
  checks: answer === undefined ? {} : { [id]: answer },
});
const stateOf = (state: StackState, id: string) => state.open.find((attempt) => attempt.id === id);

it("waits, blocked, with a deadline and a look to come, and is handed out once all are green", () => {
  const { state, landing } = waiting();
  expect(landing).toMatchObject({ operation: "land", status: "blocked", landsAttemptId: "s.1", actor: "policy" });
  expect(landing.deadlineAt).toBe(iso(NOW + 60 * MINUTE));
  expect(Date.parse(stackActionAt(state) ?? "")).toBeLessThanOrEqual(NOW + MINUTE);
  const still = take(decide(state, says(landing.id, pending), NOW + 1000));
  expect(stateOf(still, landing.id)).toMatchObject({
    status: "blocked",
    reason: { code: "checks_pending", message: pending.message },
  });
  const again = decide(still, says(landing.id, pending), NOW + 2000);
  expect([again.changes.journal, again.changes.attempts]).toEqual([[], []]);
  const done = decide(still, says(landing.id, green), NOW + 3000);
  expect(stateOf(done.next, landing.id)).toMatchObject({ status: "dispatched", epoch: 2 });
  expect(done.changes.journal[0]).toMatchObject({ actor: "checks", reason: { code: "checks_passed" } });
});

it("believes green checks that nobody required only once others had time to report", () => {
  const { state, landing } = waiting();
  const early = take(decide(state, says(landing.id, { ...green, settled: false }), NOW + MINUTE));
  expect(stateOf(early, landing.id)?.status).toBe("blocked");
  const later = take(decide(early, says(landing.id, { ...green, settled: false }), NOW + 2 * MINUTE));
  expect(stateOf(later, landing.id)?.status).toBe("dispatched");
});

describe("asks a person", () => {
  const failed = { kind: "failed", message: "1 check is red: 'ci' (https://ci.test.org/7)" } as const;
  const silent = { kind: "unknown", reason: { code: "forge_unavailable", message: "down" } } as const;
  const after = 61 * MINUTE;
  it.each([
    ["when one is red", failed, 1000, "checks_failed", /red: 'ci' \(https:\/\/ci\.test\.org\/7\); 'resume' lands s\.1/],
    [
      "when they are not green in time",
      pending,
      after,
      "checks_overdue",
      /within 3600 s: waits for 1 of 2 checks: 'ci'/,
    ],
    ["when they cannot be read in time", silent, after, "checks_overdue", /could not be read: down/],
    ["when nobody could ask in time", undefined, after, "checks_overdue", /waits for the forge's checks/],
  ])("%s", (_, answer, at, code, words) => {
    const { state, landing } = waiting();
    const stuck = take(decide(state, says(landing.id, answer), NOW + at));
    expect(stateOf(stuck, landing.id)).toMatchObject({
      status: "needs_intervention",
      reason: { code, message: expect.stringMatching(words) as unknown },
    });
    const resume = { type: "resume", ...about(landing), note: "a flaky test", actor: "operator:ada" } as const;
    const resumed = take(decide(stuck, resume, NOW + at));
    expect(stateOf(resumed, landing.id)?.status).toBe("dispatched");
  });

  it("but not for a forge that is down for a while", () => {
    const { state, landing } = waiting();
    const down = take(decide(state, says(landing.id, silent), NOW + 1000));
    expect(stateOf(down, landing.id)).toMatchObject({ status: "blocked", reason: { code: "checks_unread" } });
    expect(stateOf(take(decide(down, says(landing.id, green), NOW + 2000)), landing.id)?.status).toBe("dispatched");
  });
});

it("lands at once by a person's word", () => {
  const { state, landing } = waiting();
  const made1 = { ...landing, id: "s.1", operation: "maintain", status: "changed", landsAttemptId: null } as const;
  const word: Command = {
    type: "land",
    attemptId: "s.1",
    ended: made1,
    candidate,
    headOid: OID,
    actor: "operator:ada",
  };
  const landed = decide(state, word, NOW);
  expect(landed.refused).toBeNull();
  expect(landed.attempt).toMatchObject({ operation: "land", status: "dispatched", actor: "operator:ada" });
  expect(landed.changes.attempts.find(({ id }) => id === landing.id)).toMatchObject({ status: "superseded" });
});

it("gives way to a newer candidate, which waits for its own checks", () => {
  const { state, landing } = waiting();
  const newer = made(state, 3);
  expect(newer.open.map(({ id, status, landsAttemptId }) => [id, status, landsAttemptId])).toEqual([
    ["s.4", "blocked", "s.3"],
  ]);
  // What the checks of the older one say then changes nothing.
  expect(decide(newer, says(landing.id, green), NOW).changes.attempts).toEqual([]);
});

it("is not for a stack whose forge is not known, or that brings no runner", () => {
  const why = (more: object) =>
    StackConfig.safeParse({ ...stack, channels: undefined, ...more }).error?.issues.map(({ message }) => message);
  expect(why({ fork: { url: "https://git.test.org/a/b" } })).toEqual([
    expect.stringContaining("which forge git.test.org runs"),
  ]);
  expect(why({ fork: undefined })).toContain("'after_checks' reads the checks of the fork's forge; name the fork");
  expect(why({ policy: { ...policy, driver: "workspace-http" } })).toEqual([expect.stringContaining("brings none")]);
});
