/** From the cron's claim through the queue to the end of a batch: nothing polled by two, nothing lost, nothing stuck. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { StackConfig } from "../contract/stack.ts";
import { findSource, putSource } from "../store/feed-sources.ts";
import { claimBatches } from "../store/poll-batches.ts";
import type { PollMessage } from "./consume.ts";
import { scheduleDuePolls } from "./schedule.ts";
import { batches, consume, forgetDue, recording } from "./testing/played-queue.ts";
import {
  addressOf,
  atom,
  db,
  declare,
  failingBatch,
  START,
  signals,
  source,
  Upstream,
} from "./testing/played-upstream.ts";

describe("schedule and queue", { timeout: 60_000 }, () => {
  const minutes = (n: number): number => START + n * 60_000;
  const iso = (ms: number): string => new Date(ms).toISOString();

  beforeEach(forgetDue);

  it("gives each due source to one of two crons, and to nobody while its batch lives", async () => {
    for (const id of ["due-1", "due-2", "due-3"]) await declare(id, { pollIntervalSeconds: 1 });
    await declare("off", { enabled: false });
    const claimed = await Promise.all([1, 2].map(() => claimBatches(db, START, 2)));
    expect(claimed.flat().map(({ sources }) => sources)).toEqual([2, 1]);
    expect(Object.values(await batches())).toEqual([["due-1", "due-2"], ["due-3"]]);
    await declare("due-4");
    expect(await claimBatches(db, minutes(19), 10)).toMatchObject([{ sources: 1 }]);
    // Lost on their way: taken again, while the one that was claimed later lives on.
    const again = await claimBatches(db, minutes(20), 10);
    expect(Object.values(await batches())).toEqual([["due-4"], ["due-1", "due-2", "due-3"]]);
    expect(claimed.flat().map(({ id }) => id)).not.toContain(again[0]?.id);
  });

  it("queues what is due, as many sources a message as the deployment says, longest due first", async () => {
    await env.DB.prepare(
      `INSERT INTO feed_sources (id, config, next_poll_at, created_at, updated_at)
       WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 229)
       SELECT 'many-' || i, '{"pollIntervalSeconds":300}', ?1 || (59 - i % 60) || 'Z', 'x', 'x' FROM n`,
    )
      .bind("2026-11-22T00:00:")
      .run();
    const sent: PollMessage[][] = [];
    const queue = { ...env, POLL_QUEUE: recording(sent) };
    const sizes = async () => Object.values(await batches()).map((ids) => ids.length);
    expect(await scheduleDuePolls(queue, START)).toBe(230);
    expect(await sizes()).toEqual([100, 100, 30]);
    expect(sent.flat().map((message) => message.batchId)).toEqual(Object.keys(await batches()).map(Number));
    expect(Object.values(await batches())[0]?.[0]).toBe("many-59");
    expect(await scheduleDuePolls(queue, START)).toBe(0);
    await env.DB.prepare("DELETE FROM poll_batches").run();
    sent.length = 0;
    expect(await scheduleDuePolls({ ...queue, PATCH_POLL_BATCH: "2" } as Env, START)).toBe(230);
    expect(sent.map((messages) => messages.length)).toEqual([100, 15]);
    expect(new Set(await sizes())).toEqual(new Set([2]));
    await env.DB.prepare("DELETE FROM poll_batches").run();
    // What the queue does not take is due again at once.
    const broken = { sendBatch: () => Promise.reject(new Error("the queue is away")) } as unknown as Queue;
    await expect(scheduleDuePolls({ ...queue, POLL_QUEUE: broken }, START)).rejects.toThrow("away");
    expect(await batches()).toEqual({});
    await env.DB.prepare("DELETE FROM feed_sources WHERE id LIKE 'many-%'").run();
  });

  it("ends a batch with its polls: what could not be stored stays in it and comes back alone", async () => {
    const upstream = new Upstream();
    for (const id of ["queued", "unstorable", "switched-off"]) await declare(id);
    upstream.answer("queued", 304);
    upstream.feed("unstorable", ["v1.0.0"]);
    const [batch] = await claimBatches(db, START, 10);
    await declare("switched-off", { enabled: false });
    const message = { v: 3, batchId: batch?.id };
    const failing = upstream.context({ DB: failingBatch(env.DB, "INSERT INTO") });
    expect(await consume(failing, [message])).toEqual(["retry"]);
    expect((await source("queued")).lastOutcome).toBe("not_modified");
    expect(Object.values(await batches())).toEqual([["unstorable"]]);
    // Whoever claims meanwhile finds neither.
    expect(await claimBatches(db, upstream.now, 10)).toEqual([]);
    upstream.asked.length = 0;
    expect(await consume(upstream.context(), [message], 2)).toEqual(["ack"]);
    expect(await signals("unstorable")).toEqual(["v1.0.0 r0 primed"]);
    expect(await batches()).toEqual({});
    expect(upstream.asked.map(({ url }) => url)).not.toContain(addressOf("queued"));
    // Delivered once more: its batch has ended, so nothing is asked.
    upstream.asked.length = 0;
    expect(await consume(upstream.context(), [message])).toEqual(["ack"]);
    expect(upstream.asked).toEqual([]);
  });

  it("polls the others of a batch where one cannot be read, and shows it on that one", async () => {
    const upstream = new Upstream();
    for (const id of ["before", "newer", "after"]) await declare(id);
    for (const id of ["before", "after"]) upstream.feed(id, ["v1.0.0"]);
    // As a newer version left it that has been taken back: nothing here can read from there.
    await env.DB.prepare(
      "UPDATE feed_sources SET config = json_set(config, '$.provider', 'not-yet') WHERE id = 'newer'",
    ).run();
    const [batch] = await claimBatches(db, START, 10);
    expect(await consume(upstream.context(), [{ v: 3, batchId: batch?.id }])).toEqual(["ack"]);
    for (const id of ["before", "after"]) expect(await signals(id)).toEqual(["v1.0.0 r0 primed"]);
    const newer = await env.DB.prepare(
      "SELECT last_outcome, failed_polls, next_poll_at, last_error FROM feed_sources WHERE id = 'newer'",
    ).first<{ last_error: string }>();
    expect(newer).toMatchObject({ last_outcome: "failed", failed_polls: 1, next_poll_at: iso(minutes(60)) });
    expect(JSON.parse(newer?.last_error ?? "")).toMatchObject({
      code: "unreadable_declaration",
      message: expect.stringMatching(/^the declaration of feed source 'newer' .*provider: /) as string,
      at: iso(START),
    });
    expect(await batches()).toEqual({});
    await env.DB.prepare("DELETE FROM feed_sources WHERE id = 'newer'").run();
  });

  it("takes in what the others of a batch told where a stack of one cannot be read, and that one's once it can", async () => {
    const upstream = new Upstream();
    const config = StackConfig.parse({
      upstream: { url: "https://github.com/acme/rocket" },
      fork: { url: "https://github.com/us/rocket" },
      branch: "ours",
    });
    for (const id of ["newer", "older"]) await env.PATCH_STACK.getByName(id).configure(id, config, "test");
    const feeds = { "to-newer": "newer", "refs-to-newer": "newer", "to-older": "older" };
    for (const [id, stack] of Object.entries(feeds)) {
      await declare(id, { target: { mode: "maintain", stacks: [stack] }, primeOnly: false });
      upstream.feed(id, ["v1.0.0"]);
    }
    upstream.repository("refs-to-newer", { "v1.0.0": "a" });
    const stored = "SELECT config FROM stacks WHERE id = 'newer'";
    const before = await env.DB.prepare(stored).first<string>("config");
    await env.DB.prepare("UPDATE stacks SET config = json_set(config, '$.branch', 7) WHERE id = 'newer'").run();
    const poll = async (at: number) => {
      upstream.now = at;
      const [batch] = await claimBatches(db, at, 10);
      expect(await consume(upstream.context(), [{ v: 3, batchId: batch?.id }])).toEqual(["ack"]);
    };
    await poll(START);
    expect(await signals("to-older")).toEqual(["v1.0.0 r0 event"]);
    expect(await source("to-newer")).toMatchObject({
      primed: false,
      lastError: {
        code: "unreadable_declaration",
        message: expect.stringMatching(/^the declaration of stack 'newer' .*branch: must be text/) as string,
      },
    });
    // Nothing of it is known yet: once the stack can be read again, the refs are taken in as those of the beginning.
    expect(await source("refs-to-newer")).toMatchObject({
      refsSeeded: false,
      refsError: { code: "unreadable_declaration" },
    });

    await env.DB.prepare("UPDATE stacks SET config = ?1 WHERE id = 'newer'").bind(before).run();
    await poll(START + 2 * 3_600_000);
    for (const id of ["to-newer", "refs-to-newer"]) expect(await signals(id)).toEqual(["v1.0.0 r0 event"]);
    for (const id of Object.keys(feeds)) await env.DB.prepare("DELETE FROM feed_sources WHERE id = ?1").bind(id).run();
  });

  it("keeps the whole batch where the ends could not be recorded", async () => {
    const upstream = new Upstream();
    await declare("unrecorded");
    upstream.answer("unrecorded", 304);
    const [batch] = await claimBatches(db, START, 10);
    const message = { v: 3, batchId: batch?.id };
    expect(await consume(upstream.context({ DB: failingBatch(env.DB, "UPDATE") }), [message])).toEqual(["retry"]);
    expect(await batches()).toEqual({ [batch?.id ?? 0]: ["unrecorded"] });
    expect((await source("unrecorded")).polls).toBe(0);
    expect(await consume(upstream.context(), [message], 2)).toEqual(["ack"]);
    expect((await source("unrecorded")).polls).toBe(1);
    expect(await batches()).toEqual({});
  });

  it("begins no batch that might outlive its lease, and gives back at once what nobody can have begun", async () => {
    const upstream = new Upstream();
    await declare("tardy");
    upstream.answer("tardy", 304);
    const claim = async () => ({ v: 3, batchId: (await claimBatches(db, START, 10))[0]?.id });
    let message = await claim();
    upstream.now = minutes(5) + 1;
    // Begun before, and its end may still come: it waits until that cannot be.
    expect(await consume(upstream.context(), [message], 2)).toEqual(["ack"]);
    expect(await claimBatches(db, upstream.now, 10)).toEqual([]);
    expect(await consume(upstream.context(), [message], 1)).toEqual(["ack"]);
    expect(upstream.asked).toEqual([]);
    message = await claim();
    upstream.now = minutes(5);
    expect(await consume(upstream.context(), [message])).toEqual(["ack"]);
    expect(upstream.asked.map(({ url }) => url)).toContain(addressOf("tardy"));
  });

  it("leaves a host alone that asked for it from the moment in which its batch ends", async () => {
    const upstream = new Upstream();
    const url = (id: string): string => `https://pausing.example.org/acme/${id}/releases.atom`;
    const ids = Array.from({ length: 8 }, (_, i) => `pausing-${i}`);
    for (const id of ids) {
      await declare(id, { url: url(id) });
      upstream.answers.set(url(id), () => new Response(null, { status: 503, headers: { "retry-after": "3600" } }));
    }
    const [batch] = await claimBatches(db, START, 10);
    expect(await consume(upstream.context(), [{ v: 3, batchId: batch?.id }])).toEqual(["ack"]);
    expect(await batches()).toEqual({});
    expect(await claimBatches(db, START, 10)).toEqual([]);
    for (const id of ids) expect((await source(id)).nextPollAt ?? "").toMatch(/^2026-11-22T13:0/);
  });

  it("polls an edited source again with its new address", async () => {
    const upstream = new Upstream();
    await declare("edited-on-the-way");
    const [batch] = await claimBatches(db, START, 10);
    upstream.answers.set(addressOf("edited-on-the-way"), () => new Response(atom(["v1.0.0"])));
    const context = upstream.context();
    const { fetch } = context.outbound;
    context.outbound.fetch = async (address, init) => {
      const config = FeedSourceConfig.parse({ provider: "github", url: addressOf("edited-to"), event: "release" });
      if (address === addressOf("edited-on-the-way"))
        await putSource(db, "edited-on-the-way", config, await findSource(db, "edited-on-the-way"), iso(START));
      return fetch?.(address, init) ?? Response.error();
    };
    expect(await consume(context, [{ v: 3, batchId: batch?.id }])).toEqual(["ack"]);
    expect(await source("edited-on-the-way")).toMatchObject({ nextPollAt: iso(START), polls: 0 });
    expect(await claimBatches(db, START, 10)).toMatchObject([{ sources: 1 }]);
  });

  it("takes messages of the versions before, whose sources are in no batch", async () => {
    const upstream = new Upstream();
    for (const id of ["older", "unstorable-too"]) await declare(id);
    upstream.answer("older", 304);
    upstream.feed("unstorable-too", ["v1.0.0"]);
    const acts = await consume(upstream.context({ DB: failingBatch(env.DB, "INSERT INTO") }), [
      { v: 1, sourceId: "older" },
      { v: 1, sourceId: "unstorable-too" },
      { v: 0, sourceId: "older" },
      { v: 1, sourceId: "no-such-source" },
      "rubbish",
      { v: 2, sourceIds: ["older", "unstorable-too", "no-such-source"] },
      { v: 2, sourceIds: ["older"] },
    ]);
    expect(acts).toEqual(["ack", "retry", "ack", "ack", "ack", "retry", "ack"]);
    expect(await source("older")).toMatchObject({ lastOutcome: "not_modified", polls: 3 });
  });
});
