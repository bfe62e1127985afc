/** What crosses the wire between versions. */
import { expect, it } from "vitest";
import { JobEnvelope } from "./runner-wire.ts";
import { StackConfig } from "./stack.ts";

it("an older runner reads the envelope of a newer edge", () => {
  const stack = StackConfig.parse({
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
  });
  const envelope = JobEnvelope.parse({
    v: 1,
    attemptId: "s.1",
    epoch: 1,
    nonce: "0123456789abcdef",
    number: 1,
    operation: "maintain",
    replay: false,
    event: {
      id: "e",
      type: "upstream.release",
      receivedAt: "2026-01-01T00:00:00.000Z",
      payload: { entry: { entryId: "v1" } },
    },
    stack: { ...stack, id: "s", policy: { ...stack.policy, fieldOfTheFuture: true }, anotherOne: 1 },
    onto: { ref: "refs/tags/v1" },
    candidateRef: "patch-moi/s/v1",
    callbackKey: "whsec_x",
    leaseUntil: "2026-01-01T00:00:00.000Z",
    deadlineAt: "2026-01-01T00:00:00.000Z",
    heartbeatSeconds: 30,
    news: "of the future",
  });
  expect(envelope.stack.policy).toEqual(stack.policy);
  expect(Object.keys(envelope)).not.toContain("news");
});
