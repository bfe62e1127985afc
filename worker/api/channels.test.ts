/**
 * Channels as other programs see them: declared, moved by what they follow and by people, listed.
 */
import { expect, it } from "vitest";
import { z } from "zod";
import {
  attemptsOf,
  call,
  changed,
  expectBody,
  oid,
  postRelease,
  stackWithRunner,
  type TestRunner,
  tellResult,
} from "../../harness/edge/client.ts";
import { MaintenanceAttempt } from "../contract/attempt.ts";
import { Channel } from "../contract/channel.ts";

const declare = (id: string, channels: object, policy: object = {}) =>
  call("PUT", `/stacks/${id}`, {
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
    channels,
    policy: { runnerLabels: [id], ...policy },
  });

const channelsOf = async (id: string) =>
  expectBody(z.object({ channels: z.array(Channel) }), await call("GET", `/stacks/${id}/channels`)).channels;

const promote = (candidate: string, channel: string) => call("POST", `/candidates/${candidate}/promote`, { channel });

/** The runner does the promotion that waits for it. */
async function move(runner: TestRunner) {
  const job = await runner.job();
  const { promote: promotion } = job;
  if (promotion === undefined) throw new Error(`${job.attemptId} is ${job.operation}`);
  await tellResult(job, {
    outcome: "changed",
    candidates: [{ kind: "branch", ref: promotion.ref, oid: promotion.oid }],
  });
  return promotion;
}

it("a candidate goes to the channels that follow it, and by hand to others", async () => {
  const runner = await stackWithRunner("lanes");
  expect((await declare("lanes", { internal: { follows: "candidates" }, public: { follows: "manual" } })).status).toBe(
    200,
  );
  await postRelease("lanes", "v1.0.0");
  await tellResult(...(await made(runner)));

  const moved = await move(runner);
  expect(moved).toMatchObject({ channel: "internal", ref: "refs/heads/patch-moi/lanes/channel/internal", oid: oid(4) });
  expect(moved.expectedOids).toEqual([oid(4)]);
  expect(await channelsOf("lanes")).toMatchObject([
    {
      channel: "internal",
      follows: "candidates",
      promoted: { candidateId: "lanes.1.c1", oid: oid(4), actor: "policy" },
    },
    { channel: "public", follows: "manual" },
  ]);

  const { attempt } = expectBody(z.object({ attempt: MaintenanceAttempt }), await promote("lanes.1.c1", "public"), 202);
  expect(attempt).toMatchObject({ operation: "promote", channel: "public", candidateId: "lanes.1.c1" });
  await move(runner);
  expect((await channelsOf("lanes")).map(({ promoted }) => promoted?.attemptId)).toEqual(["lanes.2", "lanes.3"]);
  const all = await attemptsOf("lanes");
  expect(all.map((a) => [a.operation, a.status])).toEqual([
    ["promote", "changed"],
    ["promote", "changed"],
    ["maintain", "changed"],
  ]);

  // What is not declared any more still stands somewhere.
  await declare("lanes", { public: { follows: "manual" } });
  expect((await channelsOf("lanes")).map(({ channel, follows }) => [channel, follows])).toEqual([
    ["internal", undefined],
    ["public", "manual"],
  ]);
});

async function made(runner: TestRunner): Promise<[Awaited<ReturnType<TestRunner["job"]>>, object]> {
  const job = await runner.job();
  return [job, changed(job)];
}

it("what cannot be is refused with what can", async () => {
  const runner = await stackWithRunner("bars");
  await declare("bars", { public: { follows: "manual" } });
  await postRelease("bars", "v1.0.0");
  await tellResult(...(await made(runner)));
  const refusal = async (candidate: string, channel: string) => {
    const { status, body } = await promote(candidate, channel);
    return [status, (body as { error: { message: string } }).error.message];
  };
  expect(await refusal("bars.9.c1", "public")).toEqual([404, "there is no candidate 'bars.9.c1'"]);
  expect(await refusal("bars.1.c1", "beta")).toMatchObject([404, /no channel 'beta' \(it has public\)/]);
  expect(await refusal("bars.1.c1", "../x")).toMatchObject([400, /channel/]);
  expect((await promote("bars.1.c1", "public")).status).toBe(202);
  expect(await refusal("bars.1.c1", "public")).toMatchObject([409, /bars\.2 is promoting it already/]);
  const job = await runner.job();
  await tellResult(job, { outcome: "failed", reason: { code: "channel_moved", message: "somebody else moved it" } });
  expect(await channelsOf("bars")).toMatchObject([{ channel: "public" }]);
  // It failed, so it can be asked for again.
  expect((await promote("bars.1.c1", "public")).status).toBe(202);
  await move(runner);
  expect(await refusal("bars.1.c1", "public")).toMatchObject([409, /stood on bars\.1\.c1 since/]);
  expect((await call("GET", "/stacks/nowhere/channels")).status).toBe(404);
});

it("channels need repositories, and a surface that brings a runner", async () => {
  const channels = { public: { follows: "manual" } };
  expect((await call("PUT", "/stacks/flow", { channels, policy: { work: "flow" } })).status).toBe(400);
  const surface = { url: "https://workspace.test.org/" };
  expect(await declare("far", channels, { driver: "workspace-http", surface })).toMatchObject({ status: 400 });
  expect(await declare("odd", { "no good": { follows: "manual" } })).toMatchObject({ status: 400 });
});
