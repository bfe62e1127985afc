/**
 * A deployment of the first release, in the middle of its work, under the code of today: its rows are written as
 * that version wrote them, into its own schema; then come the migrations, and everything ends as it should.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  attemptDetail,
  attemptsOf,
  call,
  changed,
  expectBody,
  postRelease,
  TestRunner,
  tellResult,
} from "../../harness/edge/client.ts";
import { FeedSource } from "../contract/feed-source.ts";
import { Stack } from "../contract/stack.ts";
import { consumePolls } from "../intake/consume.ts";
import { firstRelease } from "./testing/first-release.ts";

/** Migrations that the first release had. */
const FIRST = 1;

describe("an upgrade from the first release", () => {
  let runner: TestRunner;

  beforeAll(async () => {
    await reset();
    await applyD1Migrations(env.DB, env.TEST_MIGRATIONS.slice(0, FIRST));
    for (const statement of firstRelease())
      await env.DB.prepare(statement.sql)
        .bind(...statement.values)
        .run();
    await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
    runner = await TestRunner.register("today", ["old"]);
  });

  it("only adds: migrations drop no table and no column", () => {
    const text = env.TEST_MIGRATIONS.flatMap(({ queries }) => queries).join("\n");
    expect(text).not.toMatch(/DROP TABLE|DROP COLUMN|RENAME/i);
  });

  it("shows what the older version wrote, with today's defaults", async () => {
    const { stack } = expectBody(
      Stack.transform((one) => ({ stack: one })),
      await unwrapped("/stacks/old", "stack"),
    );
    expect(stack).toMatchObject({ highestTag: "v1.3.0", carried: { tag: "v1.0.0" }, currentAttemptId: "old.4" });
    expect(stack.policy).toMatchObject({
      driver: "pull",
      review: { pullRequest: false },
      notify: { slack: [] },
      keepLogs: 50,
    });
    const source = expectBody(FeedSource, await unwrapped("/feed-sources/old-feed", "source"));
    expect(source.health).toMatchObject({ primed: true, lastOutcome: "unchanged" });
    expect((await attemptDetail("old.1")).report?.counts.carried).toBe(0);
    const { events } = (await call("GET", "/flow-events?stackId=old")).body as { events: { id: string }[] };
    expect(events).toHaveLength(4);
    for (const event of events)
      expect(await unwrapped(`/flow-events/${encodeURIComponent(event.id)}`, "event")).toMatchObject({ body: event });
    expect((await call("GET", "/stacks/old/why?version=v1.0.0")).body).toMatchObject({ verdict: "done" });
  });

  it("finishes the attempt that was running when the older version stopped, and the one that waited for it", async () => {
    expect((await call("POST", "/tick")).body).toMatchObject({ failed: [] });
    expect((await attemptDetail("old.4")).attempt).toMatchObject({ status: "queued", epoch: 2, retries: 1 });
    await env.DB.prepare("UPDATE maintenance_attempts SET not_before = NULL, next_action_at = ?1 WHERE id = 'old.4'")
      .bind("2026-01-01T00:00:00.000Z")
      .run();
    await env.DB.prepare("UPDATE stacks SET next_action_at = '2026-01-01T00:00:00.000Z' WHERE id = 'old'").run();
    await call("POST", "/tick");
    const job = await runner.job();
    expect(job).toMatchObject({ attemptId: "old.4", epoch: 2 });
    await tellResult(job, changed(job));
    expect((await attemptDetail("old.4")).attempt.status).toBe("changed");
  });

  it("lets a person resume what waited for one, and land what was changed", async () => {
    expect((await call("POST", "/maintenance-attempts/waits.1/resume", { note: "resolved" })).status).toBe(200);
    const job = await runner.job();
    expect(job.attemptId).toBe("waits.1");
    await tellResult(job, changed(job));
    expect((await call("POST", "/maintenance-attempts/old.4/land", {})).status).toBe(202);
  });

  it("goes on from there, every journal without a gap", async () => {
    await postRelease("waits", "v2.0.0");
    expect((await attemptsOf("waits")).map(({ id }) => id)).toEqual(["waits.2", "waits.1"]);
    for (const id of ["old", "waits"]) {
      const { results } = await env.DB.prepare("SELECT seq FROM journal WHERE stack_id = ?1 ORDER BY seq")
        .bind(id)
        .all();
      expect(results.map(({ seq }) => seq)).toEqual(results.map((_, i) => i + 1));
    }
  });
});

describe("while two versions are at work", () => {
  it("a poll that a newer version queued is left for it", async () => {
    const seen: string[] = [];
    const message = (body: unknown) => ({
      body,
      id: "1",
      timestamp: new Date(),
      attempts: 1,
      ack: () => seen.push("ack"),
      retry: () => seen.push("retry"),
    });
    const messages = [message({ v: 4, batchId: 1, more: true }), message({ v: "nonsense" })];
    await consumePolls({ queue: "polls", messages, ackAll: () => {}, retryAll: () => {} } as never, env);
    expect(seen).toEqual(["retry", "ack"]);
  });
});

/** The reply with only what is under `key`. */
async function unwrapped(path: string, key: string) {
  const answer = await call("GET", path);
  return { ...answer, body: (answer.body as Record<string, unknown>)[key] };
}
