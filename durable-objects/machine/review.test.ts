/**
 * What goes before people on the forge, by policy: which transitions become an effect.
 */
import { describe, expect, it } from "vitest";
import { StackConfig } from "../../worker/contract/stack.ts";
import { decide } from "./decide.ts";
import { type Command, emptyStack, type StackState } from "./state.ts";

const NOW = Date.parse("2026-01-01T00:00:00.000Z");
const OID = "a".repeat(40);

function stack(review: object): StackState {
  const policy = { review };
  const urls = { upstream: { url: "https://git.test.org/up" }, fork: { url: "https://git.test.org/fork" } };
  return emptyStack("s", StackConfig.parse({ ...urls, branch: "patched", policy }));
}

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
const claim = { attemptId: "s.1", ended: null, epoch: 1, nonce: "n" };
const claimed: Command[] = [
  { type: "accept", events: [event] },
  { type: "claim", ...claim, runner: { name: "r", version: "1.0.0", labels: [] } },
];
const changed: Command = {
  type: "result",
  ...claim,
  result: {
    outcome: "changed",
    infrastructure: false,
    candidates: [{ kind: "branch", ref: "refs/heads/c", oid: OID }],
  },
};
const stuck: Command = {
  type: "result",
  ...claim,
  result: {
    outcome: "needs_intervention",
    infrastructure: false,
    candidates: [],
    reason: { code: "conflict", message: "one" },
  },
};
const dismissed: Command = { type: "dismiss", attemptId: "s.1", ended: null, note: "no", actor: "operator:x" };

/** Payloads of the review effects that the commands make. */
function effects(review: object, ...commands: Command[]): unknown[] {
  let state = stack(review);
  return [...claimed, ...commands].flatMap((command) => {
    const { changes, next } = decide(state, command, NOW);
    state = next;
    return changes.outbox.filter(({ kind }) => kind === "review").map(({ payload }) => payload);
  });
}

describe("a review", () => {
  it("is not made without a policy that asks for it", () => {
    expect(effects({}, changed)).toEqual([]);
    expect(effects({}, stuck, dismissed)).toEqual([]);
    expect(effects({ intervention: "issue" }, { type: "cancel", attemptId: "s.1", ended: null, actor: "x" })).toEqual(
      [],
    );
  });

  it.each([{ pullRequest: true }, { status: true }, { intervention: "issue" }])(
    "%o is told of a candidate once",
    (review) => {
      expect(effects(review, changed)).toEqual([{ attemptId: "s.1", event: "changed" }]);
    },
  );

  it("asks for a person, and says when nobody is needed any more", () => {
    expect(effects({ intervention: "issue" }, stuck, dismissed)).toEqual([
      { attemptId: "s.1", event: "needs_intervention" },
      { attemptId: "s.1", event: "settled" },
    ]);
    expect(effects({ pullRequest: true }, stuck, dismissed)).toEqual([]);
  });

  it("puts what came of it on the timeline", () => {
    const reason = { code: "review_opened", message: "opened https://forge.test.org/1" };
    const { changes, refused } = decide(
      stack({}),
      { type: "effect_told", effectId: "x", attemptId: "s.1", reason },
      NOW,
    );
    expect(refused).toBeNull();
    expect(changes.journal).toEqual([
      { kind: "outbox", actor: "outbox", attemptId: "s.1", reason, data: { effectId: "x" } },
    ]);
  });
});
