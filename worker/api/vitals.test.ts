/**
 * How a deployment is: the deep health check, the metrics, and a tick by hand.
 */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, it, vi } from "vitest";
import { call, declareStack, expectBody, postRelease, stackWithRunner, tellResult } from "../../harness/edge/client.ts";
import { Health, Tick } from "../contract/health.ts";
import { openDatabase } from "../store/database.ts";
import { cronTicks, deliveries, feedSources, stacks } from "../store/schema.ts";

const db = openDatabase(env.DB);

async function health(): Promise<Health> {
  return expectBody(Health, await call("GET", "/healthz?deep=1"));
}

/** Value of a sample, by its whole name. */
async function sample(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` };
  const response = await exports.default.fetch("https://patch.test/metrics", { headers });
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const line = (await response.text()).split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? "missing");
}

it("says that the cron never came, until it did", async () => {
  await db.delete(cronTicks);
  const before = await health();
  expect(before.ok).toBe(false);
  expect(before.degraded?.find(({ what }) => what === "cron")).toMatchObject({
    level: "error",
    next: /patch\.moi tick/,
  });
  expect(await sample("patch_moi_cron_last_seen_seconds")).toBeNaN();
  const tick = expectBody(Tick, await call("POST", "/tick"));
  expect(tick).toMatchObject({ failed: [] });
  const after = await health();
  expect(after.healthy).toEqual(expect.arrayContaining(["database", "migrations", "cron"]));
  // Tests allow loopback addresses, which a deployment should not: said, but no reason to be down.
  expect(after).toMatchObject({ ok: true, degraded: [{ what: "secrets", level: "warning" }] });
  expect(await sample("patch_moi_cron_last_seen_seconds")).toBeLessThan(60);
});

it("queues what is due when it ticks, and counts what waits", async () => {
  const config = { provider: "feed", url: "https://feeds.test.org/tick.xml", event: "release" };
  await call("PUT", "/feed-sources/tick", config);
  const late = "2020-01-01T00:00:00.000Z";
  await db.update(feedSources).set({ nextPollAt: late }).where(eq(feedSources.id, "tick"));
  expect((await health()).degraded).toContainEqual(expect.objectContaining({ what: "intake", level: "error" }));
  expect(await sample("patch_moi_polls_due")).toBe(1);
  expect(expectBody(Tick, await call("POST", "/tick")).polls).toBe(1);
  await vi.waitFor(async () => expect(await sample("patch_moi_polls_due")).toBe(0), { timeout: 20_000 });
  expect(expectBody(Tick, await call("POST", "/tick")).polls).toBe(0);
});

it("counts attempts by state, ended ones too", async () => {
  const runner = await stackWithRunner("counted");
  const ended = 'patch_moi_attempts_ended_total{status="failed"}';
  const before = await sample(ended);
  await postRelease("counted", "v1.0.0");
  expect(await sample('patch_moi_attempts_open{status="dispatched"}')).toBeGreaterThan(0);
  const reason = { code: "broken", message: "cannot" };
  await tellResult(await runner.job(), { outcome: "failed", reason });
  expect(await sample(ended)).toBe(before + 1);
});

it("tells how far stacks are behind, by version and by forecast", async () => {
  const behind = await sample("patch_moi_stacks_behind");
  await declareStack("drifting");
  await postRelease("drifting", "v1.0.0");
  expect(await sample("patch_moi_stacks_behind")).toBe(behind + 1);
  expect(await sample('patch_moi_stack_behind_commits{stack="drifting"}')).toBeNaN();
  const drift = { commitsAhead: 2, commitsBehind: 412, daysBehind: 37.5 };
  const forecast = { number: 1, at: "2025-01-01T00:00:00.000Z", outcome: "carries" as const, drift };
  await db.update(stacks).set({ forecast }).where(eq(stacks.id, "drifting"));
  expect(await sample('patch_moi_stack_behind_commits{stack="drifting"}')).toBe(412);
  expect(await sample('patch_moi_stack_behind_days{stack="drifting"}')).toBe(37.5);
});

it("writes a data point of each transition and poll where a dataset is bound", async () => {
  const points: AnalyticsEngineDataPoint[] = [];
  const ANALYTICS = { writeDataPoint: (point?: AnalyticsEngineDataPoint) => points.push(point ?? {}) };
  const runner = await stackWithRunner("measured");
  await runInDurableObject(env.PATCH_STACK.getByName("measured"), (object) => {
    Object.assign(Reflect.get(object, "env") as object, { ANALYTICS });
  });
  await postRelease("measured", "v1.0.0");
  await tellResult(await runner.job(), { outcome: "failed", reason: { code: "broken", message: "cannot" } });
  expect(points.map(({ indexes, blobs }) => [indexes, blobs])).toEqual([
    [["measured"], ["attempt", "queued", "", "", "maintain"]],
    [["measured"], ["attempt", "dispatched", "queued", "", "maintain"]],
    [["measured"], ["attempt", "running", "dispatched", "", "maintain"]],
    [["measured"], ["attempt", "failed", "running", "broken", "maintain"]],
  ]);
  expect(points.at(-1)?.doubles?.[0]).toBeGreaterThanOrEqual(0);
});

it("names events that their stack did not take", async () => {
  await declareStack("deaf");
  await postRelease("deaf", "v1.0.0");
  await db
    .update(deliveries)
    .set({ status: "pending", createdAt: "2020-01-01T00:00:00.000Z" })
    .where(eq(deliveries.stackId, "deaf"));
  const found = (await health()).degraded?.find(({ what }) => what === "deliveries");
  expect(found?.why).toMatch(/^1 events were not taken by their stacks, the oldest for \d+ h$/);
  expect(await sample("patch_moi_oldest_delivery_seconds")).toBeGreaterThan(86_400);
});

it("needs a token, and the right to act for a tick", async () => {
  const nobody = { authorization: "Bearer nobody" };
  expect((await call("GET", "/metrics", undefined, nobody)).status).toBe(401);
  expect((await call("GET", "/healthz?deep=1", undefined, nobody)).status).toBe(401);
  expect((await call("POST", "/tick", undefined, nobody)).status).toBe(401);
});
