/**
 * Channels as other programs see them: declared, moved by what they follow and by people, listed.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
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

it("a runner that wakes after its promotion was given up: its push is undone, and never taken for a stranger's", async () => {
  const runner = await stackWithRunner("woken");
  await declare("woken", { public: { follows: "manual" } });
  const candidates = { "v1.0.0": oid(11), "v2.0.0": oid(12) };
  for (const [tag, made] of Object.entries(candidates)) {
    await postRelease("woken", tag);
    const job = await runner.job();
    await tellResult(job, { ...changed(job), candidates: [{ kind: "branch", ref: `refs/heads/${tag}`, oid: made }] });
  }
  await promote("woken.1.c1", "public");
  expect((await move(runner)).expectedOids).toEqual([oid(11)]);
  // v2 is promoted; its runner falls asleep before it pushes, and a person thinks better of it.
  await promote("woken.2.c1", "public");
  const asleep = await runner.job();
  expect(asleep.promote?.expectedOids).toEqual([oid(11), oid(12)]);
  await call("POST", "/maintenance-attempts/woken.4/cancel");
  await call("POST", "/maintenance-attempts/woken.4/cancel");
  await env.DB.prepare("UPDATE maintenance_attempts SET lease_until = ?1 WHERE id = 'woken.4'").bind(LONG_AGO).run();
  await env.DB.prepare("UPDATE stacks SET next_action_at = ?1 WHERE id = 'woken'").bind(LONG_AGO).run();
  await call("POST", "/tick");
  expect((await attemptsOf("woken"))[0]).toMatchObject({ id: "woken.4", status: "cancelled" });
  await promote("woken.1.c1", "public");
  // A newer promotion, of what the channel stood on all the while, is the pointer now.
  await move(runner);
  expect(await channelsOf("woken")).toMatchObject([{ promoted: { attemptId: "woken.5", oid: oid(11) } }]);

  const late = await tellResult(asleep, {
    outcome: "changed",
    candidates: [{ kind: "branch", ref: asleep.promote?.ref ?? "", oid: oid(12) }],
  });
  expect([late.status, late.body]).toMatchObject([409, { error: { code: "fenced" } }]);
  const { timeline } = await attemptDetail("woken.4");
  expect(timeline.at(-1)).toMatchObject({ kind: "evidence", data: { candidates: [{ oid: oid(12) }] } });
  await call("POST", "/tick");
  const restore = await move(runner);
  expect(restore).toMatchObject({ channel: "public", oid: oid(11) });
  expect(restore.expectedOids).toContain(oid(12));
  expect(await channelsOf("woken")).toMatchObject([{ promoted: { attemptId: "woken.6", actor: "policy" } }]);
});

const LONG_AGO = "2026-01-01T00:00:00.000Z";

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
  expect((await call("GET", "/stacks/nowhere/channels")).status).toBe(404);
});

it("channels need repositories, and a surface that brings a runner", async () => {
  const channels = { public: { follows: "manual" } };
  expect((await call("PUT", "/stacks/flow", { channels, policy: { work: "flow" } })).status).toBe(400);
  const surface = { url: "https://workspace.test.org/" };
  expect(await declare("far", channels, { driver: "workspace-http", surface })).toMatchObject({ status: 400 });
  expect(await declare("odd", { "no good": { follows: "manual" } })).toMatchObject({ status: 400 });
});
