/**
 * When surfaces are asked what became of their work: every state × every kind of surface.
 */
import { describe, expect, it } from "vitest";
import { AttemptStatus } from "../worker/contract/attempt.ts";
import { dueLooks } from "./looks.ts";
import { decide } from "./machine/decide.ts";
import { stackActionAt } from "./machine/hand-out.ts";
import { NOW, sees, stackWith } from "./machine/testing/stack-in-state.ts";
import { iso, lookWait } from "./machine/timing.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Milliseconds from the hand-over to the first look; null where nobody asks. */
const FIRST: Record<string, { driver: string; dispatched: number | null; running: number | null }> = {
  "a runner that pulls": { driver: "pull", dispatched: null, running: null },
  "a job that claims": { driver: "github-actions", dispatched: MINUTE, running: null },
  "a run that is read": { driver: "workspace-http", dispatched: 5 * SECOND, running: 5 * SECOND },
};

describe.each(Object.entries(FIRST))("%s", (_, { driver, ...first }) => {
  it.each(AttemptStatus.options)("is asked in time while its attempt is %s", (status) => {
    const { state, attempt } = stackWith(status, { driver });
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
    expect(stackActionAt(state)).toBe(iso(NOW + at));
    // Once asked, it is the next look that counts, and the cron knows of it.
    const looks = { [attempt.id]: iso(NOW + 2 * at) };
    expect(dueLooks(state, iso(NOW + 2 * at - 1), looks)).toEqual([]);
    expect(dueLooks(state, iso(NOW + 2 * at), looks)).toHaveLength(1);
    expect(stackActionAt(state, {}, looks)).toBe(iso(NOW + 2 * at));
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
