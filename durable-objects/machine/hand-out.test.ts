/**
 * When a stack has to be looked at again.
 */
import { describe, expect, it } from "vitest";
import { StackConfig } from "../../worker/contract/stack.ts";
import { decide } from "./decide.ts";
import { stackActionAt } from "./hand-out.ts";
import { type Command, emptyStack, type StackState } from "./state.ts";

const NOW = Date.parse("2026-01-01T00:00:00.000Z");

const empty = emptyStack(
  "s",
  StackConfig.parse({
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
  }),
);

const event = {
  id: "e",
  position: 1,
  movement: "tag:v1.0.0",
  onto: "refs/tags/v1.0.0",
  ontoSha: null,
  tag: "v1.0.0",
  prerelease: undefined,
  moved: null,
  advisory: null,
  accepted: false,
  sameMovement: null,
};

const runner = { name: "r", version: "1.0.0", labels: [] };
const claim = { attemptId: "s.1", ended: null, epoch: 1, nonce: "n" };
const fault = {
  outcome: "failed" as const,
  infrastructure: true,
  reason: { code: "disk_full", message: "the disk is full" },
  candidates: [],
};

/** A stack whose only attempt waits for its first automatic retry. */
function waiting(): StackState {
  const commands: Command[] = [
    { type: "accept", events: [event] },
    { type: "claim", ...claim, runner },
    { type: "result", ...claim, result: fault },
  ];
  return commands.reduce((state, command) => decide(state, command, NOW).next, empty);
}

describe("the next look at a stack", () => {
  it("is at the end of a wait", () => {
    const state = waiting();
    const [attempt] = state.open;
    expect(attempt).toMatchObject({ status: "queued" });
    expect(attempt?.notBefore).not.toBeNull();
    expect(stackActionAt(state)).toBe(attempt?.notBefore);
  });

  it("is never for a wait that is held up: each look would find it due, and ask for the next at once", () => {
    const paused = decide(waiting(), { type: "pause", actor: "operator:t" }, NOW).next;
    expect(stackActionAt(paused)).toBeNull();
  });

  it("is at the end of the lease as heartbeats extended it", () => {
    const running = [
      { type: "accept" as const, events: [event] },
      { type: "claim" as const, ...claim, runner },
    ].reduce<StackState>((state, command) => decide(state, command, NOW).next, empty);
    const until = "2026-01-01T00:10:00.000Z";
    expect(stackActionAt(running)).toBe("2026-01-01T00:01:30.000Z");
    expect(stackActionAt(running, { "s.1": until })).toBe(until);
  });
});
