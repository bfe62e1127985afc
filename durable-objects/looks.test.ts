/**
 * When surfaces are asked what became of their work: every state × every kind of surface.
 */
import { describe, expect, it } from "vitest";
import { AttemptStatus } from "../worker/contract/attempt.ts";
import { dueLooks } from "./looks.ts";
import { decide } from "./machine/decide.ts";
import { stackActionAt } from "./machine/hand-out.ts";
import type { Command } from "./machine/state.ts";
import { NOW, sees, stackWith, take } from "./machine/testing/stack-in-state.ts";
import { iso, lookWait } from "./machine/timing.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Milliseconds from the hand-over to the first look; null where nobody asks. */
const FIRST: Record<string, { driver: string; dispatched: number | null; running: number | null }> = {
  "a runner that pulls": { driver: "pull", dispatched: null, running: null },
  "a job that claims": { driver: "github-actions", dispatched: MINUTE, running: 5 * MINUTE },
  "a run that is read": { driver: "workspace-http", dispatched: 5 * SECOND, running: 5 * SECOND },
};

describe.each(Object.entries(FIRST))("%s", (_, { driver, ...first }) => {
  it.each(AttemptStatus.options)("is asked in time while its attempt is %s", (status) => {
    const { state, attempt } = stackWith(status, { driver });
    const held = { [attempt.id]: iso(NOW + 60 * MINUTE) };
    const at = status === "dispatched" || status === "running" ? first[status] : null;
    const due = (after: number, wanted?: string) =>
      dueLooks(state, iso(NOW + after), {}, wanted === undefined ? undefined : { attemptId: wanted }).map((a) => a.id);
    // Whoever wants to know is told at once, and only what can be asked.
    expect(due(0, attempt.id)).toEqual(at === null ? [] : [attempt.id]);
    if (at === null) {
      expect(due(60 * MINUTE)).toEqual([]);
      return;
    }
    expect(due(at - 1)).toEqual([]);
    expect(due(at)).toEqual([attempt.id]);
    expect(stackActionAt(state, held)).toBe(iso(NOW + at));
    // Once asked, it is the next look that counts, and the cron knows of it.
    const looks = { [attempt.id]: iso(NOW + 2 * at) };
    expect(dueLooks(state, iso(NOW + 2 * at - 1), looks)).toEqual([]);
    expect(dueLooks(state, iso(NOW + 2 * at), looks)).toHaveLength(1);
    expect(stackActionAt(state, held, looks)).toBe(iso(NOW + 2 * at));
  });
});

it("asks less and less often, for days", () => {
  const minutes = (driver: string) => {
    const { attempt } = stackWith("dispatched", { driver });
    return [0, 1, 2, 3, 4, 5, 6, 100].map((looks) => lookWait(attempt, looks) / MINUTE);
  };
  expect(minutes("github-actions")).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  expect(minutes("workspace-ws").slice(-2)).toEqual([5, 5]);
});

it("hands a job's work out again when its run is over, though its lease is not", () => {
  const { state, attempt } = stackWith("running", { driver: "github-actions" });
  const [asked] = dueLooks(state, iso(NOW + 5 * MINUTE), {});
  expect(asked?.id).toBe(attempt.id);
  const leases = { [attempt.id]: iso(NOW + 360 * MINUTE) };
  const told = (kind: "running" | "ended", of = state) => {
    const answer = { kind, runs: [{ id: "7" }], message: "the run failed" };
    return decide(
      of,
      { ...sees({ [attempt.id]: { epoch: 1, answer, news: false } }), leases } as Command,
      NOW + 5 * MINUTE,
    );
  };
  expect(told("running").changes.attempts).toEqual([]);
  expect(told("ended").next.open).toMatchObject([
    { status: "queued", epoch: 2, retries: 1, leaseUntil: null, reason: { code: "run_ended" } },
  ]);
  // Whom an operator has cancelled is not asked to do it again.
  const cancelled = take(decide(state, { type: "cancel", attemptId: attempt.id, ended: null, actor: "t" }, NOW));
  expect(told("ended", cancelled).changes.attempts).toMatchObject([{ status: "cancelled", epoch: 2 }]);
});

it.each(["github-actions", "workspace-http"])("gives %s the work again that it took and shows nothing of", (driver) => {
  const { state, attempt } = stackWith("dispatched", { driver });
  const absent = (takenAt?: string) =>
    sees({ [attempt.id]: { epoch: 1, answer: { kind: "absent" }, news: false, ...(takenAt && { takenAt }) } });
  const at = (now: number, takenAt?: string) => decide(state, absent(takenAt), now).changes.attempts;
  expect(at(NOW + 15 * MINUTE - 1, iso(NOW))).toEqual([]);
  expect(at(NOW + 15 * MINUTE, iso(NOW))).toMatchObject([
    { status: "queued", epoch: 2, reason: { code: "not_started" } },
  ]);
  // Until it has said that it took it, the hand-over itself asks and tries again.
  expect(at(NOW + 60 * MINUTE)).toEqual([]);
});

it("hands a job's work out again minutes after its run ended unclaimed, not at the start deadline", () => {
  const { state, attempt } = stackWith("dispatched", { driver: "github-actions" });
  const [asked] = dueLooks(state, iso(NOW + MINUTE), {});
  expect(asked?.id).toBe(attempt.id);
  const answer = { kind: "ended" as const, runs: [{ id: "7" }], message: "the run failed" };
  const told = sees({ [attempt.id]: { epoch: attempt.epoch, answer, news: true } });
  const over = decide(state, told, NOW + MINUTE).next;
  expect(over.open).toMatchObject([{ status: "queued", epoch: 2, reason: { code: "run_ended" } }]);
  const again = decide(over, sees({}), NOW + 3 * MINUTE);
  expect(again.changes.outbox).toMatchObject([{ id: `${attempt.id}.2:dispatch`, kind: "dispatch" }]);
});
