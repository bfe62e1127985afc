/**
 * The loop as other programs see it: declare a stack, post an event, claim it, report, act.
 */
import { expect, it } from "vitest";
import { z } from "zod";
import {
  attemptDetail,
  call,
  changed,
  expectBody,
  oid,
  postRelease,
  releaseEventId,
  stackWithRunner,
  tell,
  tellResult,
} from "../harness/edge/client.ts";
import { Candidate, MaintenanceAttempt, RetryAnswer } from "./contract/attempt.ts";

const AttemptAnswer = z.object({ attempt: MaintenanceAttempt });

it("carries an event to a landed candidate, and replays it", async () => {
  const runner = await stackWithRunner("loop");
  expect((await postRelease("loop", "v1.0.0")).status).toBe(201);

  const job = await runner.job();
  expect(job).toMatchObject({ attemptId: "loop.1", epoch: 1, candidateRef: "patch-moi/loop/v1.0.0", replay: false });
  const beat = await tell(job, { type: "attempt.heartbeat" });
  expect(beat.body).toMatchObject({ status: "applied", directive: "continue" });
  await tell(job, { type: "attempt.progress", data: { stage: "replay", done: 3, total: 7 } });
  expect((await attemptDetail("loop.1")).progress).toMatchObject({ stage: "replay", done: 3, total: 7 });
  expect((await tellResult(job, changed(job))).status).toBe(200);

  const land = expectBody(AttemptAnswer, await call("POST", "/maintenance-attempts/loop.1/land"), 202).attempt;
  expect(land).toMatchObject({ operation: "land", landsAttemptId: "loop.1" });
  const landing = await runner.job();
  expect(landing.land).toMatchObject({ branch: "patched", oid: oid(4), expectedOid: oid(3) });
  await tellResult(landing, { outcome: "changed", landed: { branch: "patched", from: oid(3), to: oid(4) } });
  const { candidates } = expectBody(
    z.object({ candidates: z.array(Candidate) }),
    await call("GET", "/candidates?stackId=loop"),
  );
  expect(candidates.map((c) => [c.attemptId, c.landedAt !== undefined])).toEqual([["loop.1", true]]);

  const path = `/flow-events/${encodeURIComponent(releaseEventId("loop", "v1.0.0"))}/replay`;
  const replay = expectBody(RetryAnswer, await call("POST", path), 202);
  expect(replay.attempt).toMatchObject({ operation: "replay", status: "dispatched" });
  expect(await runner.job()).toMatchObject({ replay: true, stack: { recordedBase: oid(1) } });

  const { timeline } = await attemptDetail("loop.1");
  expect(timeline.map((entry) => entry.to)).toEqual(["queued", "dispatched", "running", "changed"]);
});

it("a list takes several states, with commas or said twice, and started for all that work", async () => {
  await stackWithRunner("states");
  await postRelease("states", "v1.0.0");
  await postRelease("states", "v1.1.0");
  const ids = async (query: string) => {
    const { body } = await call("GET", `/maintenance-attempts?stackId=states&${query}`);
    return (body as { attempts: { id: string }[] }).attempts.map(({ id }) => id);
  };
  expect(await ids("status=superseded")).toEqual(["states.1"]);
  expect(await ids("status=started")).toEqual(["states.2"]);
  for (const both of ["status=superseded,started", "status=superseded&status=dispatched"])
    expect(await ids(both)).toEqual(["states.2", "states.1"]);
  const refused = await call("GET", "/maintenance-attempts?status=supersede");
  expect(refused).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
  expect(JSON.stringify(refused.body)).toMatch(/must be one of queued, .*did you mean 'superseded'\?/);
});
