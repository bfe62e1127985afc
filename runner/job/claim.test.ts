import { expect, test } from "vitest";
import { ClaimRequest } from "../../worker/contract/runner-wire.ts";
import { claimJob } from "./claim.ts";
import { loopbackEdge } from "./testing/loopback-edge.ts";
import { newSecret, testEnvelope } from "./testing/scratch.ts";
import { TestClock } from "./testing/test-clock.ts";

const secret = newSecret();
const runner = { name: "builder", version: "0.1.0", labels: ["linux"] };

test("claims with its own signature, and reads the envelope", async () => {
  const envelope = testEnvelope();
  await using edge = await loopbackEdge({ secrets: [secret], reply: () => ({ status: 200, body: envelope }) });
  const clock = { now: () => Date.now(), random: () => 0.5, wait: async () => true };
  const claim = await claimJob({ server: edge.url, secret, runner, waitSeconds: 99, clock });
  expect(claim).toEqual({ kind: "job", envelope });
  const asked = ClaimRequest.parse(edge.seen[0]?.json);
  expect(asked).toMatchObject({ runner, waitSeconds: 25 });
  expect(edge.seen[0]?.path).toBe("/runner/claim");
});

test("a claim whose answer was lost is repeated with the same nonce", async () => {
  const clock = new TestClock();
  await using edge = await loopbackEdge({
    secrets: [secret],
    now: () => clock.now(),
    reply: (_, index) => (index === 0 ? "drop" : { status: 204 }),
  });
  expect(await claimJob({ server: edge.url, secret, runner, waitSeconds: 0, clock })).toEqual({ kind: "nothing" });
  const nonces = edge.seen.map(({ json }) => ClaimRequest.parse(json).nonce);
  expect(nonces).toHaveLength(2);
  expect(nonces[0]).toBe(nonces[1]);
});

test("a job that this version cannot read is known well enough to hand it back", async () => {
  const clock = new TestClock();
  const { attemptId, epoch, nonce, callbackKey } = testEnvelope();
  const body = { attemptId, epoch, nonce, callbackKey, v: 2 };
  await using edge = await loopbackEdge({
    secrets: [secret],
    now: () => clock.now(),
    reply: () => ({ status: 200, body }),
  });
  const claim = await claimJob({ server: edge.url, secret, runner, waitSeconds: 0, clock });
  expect(claim).toMatchObject({ kind: "not_understood", head: { attemptId, epoch, nonce, callbackKey } });
});
