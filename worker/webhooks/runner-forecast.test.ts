/**
 * Scheduled forecasts through the Worker's own HTTP: handed out, reported, listed; and never in the
 * way of an attempt.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  attemptsOf,
  call,
  declareStack,
  expectBody,
  oid,
  postRelease,
  signed,
  stackWithRunner,
  TestRunner,
} from "../../harness/edge/client.ts";
import { Forecast, type ForecastLook, KEPT_FORECASTS } from "../contract/forecast.ts";
import { ForecastJob, JobEnvelope } from "../contract/runner-wire.ts";
import { Stack } from "../contract/stack.ts";

const DAILY = { forecast: { everySeconds: 86_400 } };
const FORECASTS = { forecasts: true };

const look: ForecastLook = {
  onto: { ref: "main", oid: oid(1) },
  head: { oid: oid(2) },
  drift: { commitsAhead: 3, commitsBehind: 41, daysBehind: 6.5 },
  counts: { carried: 1, adapted: 1, upstreamed: 0, empty: 0, dropped: 0, conflicted: 1 },
  conflicts: [
    {
      oid: oid(3),
      subject: "quieter logs",
      paths: [{ path: "log.c", kind: "contents", upstream: { oid: oid(4), subject: "log: new levels" } }],
    },
  ],
};

const List = z.object({ forecasts: z.array(Forecast), nextCursor: z.string().optional() });

async function listOf(stackId: string, query = "") {
  return expectBody(List, await call("GET", `/stacks/${stackId}/forecasts${query}`));
}

async function stackOf(id: string): Promise<Stack> {
  return expectBody(z.object({ stack: Stack }), await call("GET", `/stacks/${id}`)).stack;
}

async function claimed(runner: TestRunner, nonce?: string): Promise<ForecastJob> {
  return expectBody(ForecastJob, await runner.pull(nonce, FORECASTS));
}

function tell(job: ForecastJob, found: object = { look }, id?: string) {
  const body = { stackId: job.stack.id, nonce: job.nonce, seconds: 1.5, ...found };
  return signed("/runner/forecasts", job.callbackKey, body, id);
}

/** Lets the time of the next forecast come. */
function comeDue(stackId: string) {
  return env.DB.prepare("UPDATE forecast_plans SET due_at = '2026-01-01T00:00:00.000Z' WHERE stack_id = ?")
    .bind(stackId)
    .run();
}

async function dueInHours(stackId: string): Promise<number> {
  const plan = env.DB.prepare("SELECT due_at FROM forecast_plans WHERE stack_id = ?").bind(stackId);
  return Math.round((Date.parse((await plan.first<string>("due_at")) ?? "") - Date.now()) / 3_600_000);
}

describe("a stack that asks for forecasts", () => {
  it("gets one, recorded apart from attempts, and the next after its time", async () => {
    const runner = await stackWithRunner("fc-one", DAILY);
    const job = await claimed(runner);
    expect(job.stack).toMatchObject({ id: "fc-one", branch: "patched", policy: DAILY });
    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);

    expect((await tell(job)).body).toEqual({ status: "applied" });
    const { forecasts } = await listOf("fc-one");
    expect(forecasts).toEqual([
      {
        stackId: "fc-one",
        number: 1,
        at: forecasts[0]?.at,
        outcome: "conflicts",
        ...look,
        runner: runner.name,
        seconds: 1.5,
      },
    ]);
    const { conflicts: _, ...latest } = look;
    expect((await stackOf("fc-one")).forecast).toEqual({
      number: 1,
      at: forecasts[0]?.at,
      outcome: "conflicts",
      ...latest,
    });
    expect(await attemptsOf("fc-one")).toEqual([]);
    expect((await stackOf("fc-one")).currentAttemptId).toBeUndefined();

    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);
    expect(await dueInHours("fc-one")).toBe(24);
    await comeDue("fc-one");
    const again = await claimed(runner);
    await tell(again, { reason: { code: "remote_unreachable", message: "upstream cannot be reached" } });
    expect((await listOf("fc-one")).forecasts.map((f) => [f.number, f.outcome])).toEqual([
      [2, "failed"],
      [1, "conflicts"],
    ]);
    expect(await dueInHours("fc-one")).toBe(1);
    expect((await stackOf("fc-one")).forecast).toMatchObject({ number: 2, reason: { code: "remote_unreachable" } });
  });

  it("has its attempts done first", async () => {
    const runner = await stackWithRunner("fc-first", DAILY);
    await postRelease("fc-first", "v1");
    expect(expectBody(JobEnvelope, await runner.pull(undefined, FORECASTS)).attemptId).toBe("fc-first.1");
    expect((await claimed(runner)).stack.id).toBe("fc-first");
  });

  it("is not forecast for runners that do not ask for it, or lack a label", async () => {
    const runner = await stackWithRunner("fc-labels", { ...DAILY, runnerLabels: ["fc-labels", "big"] });
    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);
    const big = await TestRunner.register("fc-big", ["fc-labels", "big", "arm"]);
    expect((await big.pull()).status).toBe(204);
    const many = await TestRunner.register("fc-many", ["a", "b", "c", "d", "e", "f", "fc-labels", "big"]);
    await claimed(many);
    await comeDue("fc-labels");
    await claimed(big);
  });

  it("gets the same job for the same nonce", async () => {
    const runner = await stackWithRunner("fc-nonce", DAILY);
    const nonce = crypto.randomUUID();
    expect(await claimed(runner, nonce)).toEqual(await claimed(runner, nonce));
  });
});

describe("a result", () => {
  it("counts once, however often it comes", async () => {
    const runner = await stackWithRunner("fc-twice", DAILY);
    const job = await claimed(runner);
    expect((await tell(job, { look }, "msg-1")).body).toEqual({ status: "applied" });
    expect((await tell(job, { look }, "msg-1")).body).toEqual({ status: "duplicate" });
    expect(await tell(job, { look, seconds: 9 }, "msg-1")).toMatchObject({
      status: 409,
      body: { error: { code: "id_reused" } },
    });
    expect(await tell(job)).toMatchObject({ status: 409, body: { error: { code: "fenced" }, directive: "abort" } });
    expect((await listOf("fc-twice")).forecasts).toHaveLength(1);
  });

  it("of a forecast that was given up, paused or changed is not recorded", async () => {
    const runner = await stackWithRunner("fc-stale", DAILY);
    const lost = await claimed(runner);
    await comeDue("fc-stale");
    const next = await claimed(runner);
    expect((await tell(lost)).status).toBe(409);
    await call("POST", "/stacks/fc-stale/pause");
    expect((await tell(next)).status).toBe(409);
    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);
    await call("POST", "/stacks/fc-stale/unpause");
    const other = await claimed(runner);
    await declareStack("fc-stale", { forecast: { everySeconds: 3600, branch: "next" } });
    expect((await tell(other)).status).toBe(409);
    const now = await claimed(runner);
    expect(now.stack.policy.forecast?.branch).toBe("next");
    expect((await tell(now)).status).toBe(200);
    expect((await listOf("fc-stale")).forecasts.map((f) => f.number)).toEqual([1]);
  });

  it("that is not signed for this claim is refused", async () => {
    const runner = await stackWithRunner("fc-sign", DAILY);
    const job = await claimed(runner);
    const other = await claimed(await stackWithRunner("fc-sign-other", DAILY));
    const forged = { ...job, callbackKey: other.callbackKey };
    expect((await tell(forged)).status).toBe(401);
    expect((await tell({ ...job, nonce: other.nonce })).status).toBe(401);
    expect((await tell(job, { look, reason: { code: "both", message: "both" } })).status).toBe(422);
    expect((await tell(job, { look: { ...look, conflicts: Array(11).fill(look.conflicts[0]) } })).status).toBe(422);
    expect((await listOf("fc-sign")).forecasts).toEqual([]);
  });
});

describe("the list of forecasts", () => {
  it("goes page by page, and keeps the newest", async () => {
    const runner = await stackWithRunner("fc-many-kept", DAILY);
    await env.DB.prepare(
      `INSERT INTO forecasts (stack_id, number, at, outcome, runner, seconds)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
      SELECT 'fc-many-kept', i, '2026-01-01T00:00:00.000Z', 'failed', 'r', 1 FROM n`,
    )
      .bind(KEPT_FORECASTS)
      .run();
    await env.DB.prepare("UPDATE forecast_plans SET count = ?1 WHERE stack_id = 'fc-many-kept'")
      .bind(KEPT_FORECASTS)
      .run();
    await tell(await claimed(runner));
    const first = await listOf("fc-many-kept", "?limit=2");
    expect(first.forecasts.map((f) => f.number)).toEqual([KEPT_FORECASTS + 1, KEPT_FORECASTS]);
    const second = await listOf("fc-many-kept", `?limit=2&cursor=${first.nextCursor}`);
    expect(second.forecasts.map((f) => f.number)).toEqual([KEPT_FORECASTS - 1, KEPT_FORECASTS - 2]);
    const all = await listOf("fc-many-kept", "?limit=500");
    expect([all.forecasts.length, all.forecasts.at(-1)?.number, all.nextCursor]).toEqual([500, 2, undefined]);
  });

  it("is empty for a stack that asks for none, and not there for no stack", async () => {
    const runner = await stackWithRunner("fc-none");
    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);
    expect((await listOf("fc-none")).forecasts).toEqual([]);
    expect((await call("GET", "/stacks/fc-nowhere/forecasts")).status).toBe(404);
  });

  it("stays when the stack stops asking; the stack itself shows none any more", async () => {
    const runner = await stackWithRunner("fc-stop", DAILY);
    await tell(await claimed(runner));
    await declareStack("fc-stop");
    expect((await stackOf("fc-stop")).forecast).toBeUndefined();
    expect((await listOf("fc-stop")).forecasts).toHaveLength(1);
    expect((await runner.pull(undefined, FORECASTS)).status).toBe(204);
    await call("DELETE", "/stacks/fc-stop");
    expect((await listOf("fc-stop")).forecasts).toHaveLength(1);
  });
});
