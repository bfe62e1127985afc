/** Batches that cannot be polled, however often: nothing waits in a queue that nobody reads, and somebody is told. */
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call, expectBody } from "../../harness/edge/client.ts";
import { Health } from "../contract/health.ts";
import { claimBatches } from "../store/poll-batches.ts";
import { POLL_TRIES, type PollMessage } from "./consume.ts";
import type { PollContext } from "./poll-context.ts";
import { scheduleDuePolls } from "./schedule.ts";
import { batches, consume, forgetDue, recording } from "./testing/played-queue.ts";
import {
  addressOf,
  db,
  declare,
  failingBatch,
  repositoryOf,
  START,
  signals,
  source,
  Upstream,
} from "./testing/played-upstream.ts";

/** A round of the cron, and its messages as the queue brings them, until it has none. */
async function liveThrough(invocation: PollContext | (() => PollContext)): Promise<{ size: number; tries: number }[]> {
  const contextOf = typeof invocation === "function" ? invocation : () => invocation;
  const sent: PollMessage[][] = [];
  const queue = { POLL_QUEUE: recording(sent) };
  await scheduleDuePolls({ ...env, ...queue }, contextOf().now());
  const lived: { size: number; tries: number }[] = [];
  for (let message = sent.shift(); message !== undefined; message = sent.shift())
    for (const one of message) {
      const size = (await batches())[one.batchId]?.length ?? 0;
      let tries = 1;
      while ((await consume(contextOf(), [one], tries, queue))[0] === "retry" && tries < 9) tries++;
      lived.push({ size, tries });
    }
  return lived;
}

describe("polls that never end well", { timeout: 60_000 }, () => {
  beforeEach(forgetDue);
  afterEach(mend);

  /** Until `mend`, D1 itself refuses what the condition says of a new row. */
  async function refuse(act: string, condition: string): Promise<void> {
    await env.DB.prepare(
      `CREATE TRIGGER refused BEFORE ${act} WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'too much for us'); END`,
    ).run();
  }

  async function mend(): Promise<void> {
    await env.DB.exec("DROP TRIGGER IF EXISTS refused");
  }

  const health = async () => expectBody(Health, await call("GET", "/healthz?deep=1"));

  it("finds by halves which source breaks its batch off: the others are polled, and it fails alone", async () => {
    const upstream = new Upstream();
    const well = ["well-1", "well-2", "well-3", "well-4", "well-5", "well-6"];
    for (const id of [...well.slice(0, 4), "poison", ...well.slice(4)]) await declare(id);
    for (const id of [...well, "poison"]) upstream.answer(id, 304);
    expect((await health()).healthy).toContain("polls");
    // As where it takes the invocation with it: no end of a batch with its good poll is ever stored.
    await refuse("UPDATE ON feed_sources", "NEW.id = 'poison' AND NEW.last_outcome = 'not_modified'");
    const gaveUp = POLL_TRIES + 1;
    expect(await liveThrough(upstream.context())).toEqual([
      { size: 7, tries: gaveUp },
      { size: 4, tries: 1 },
      { size: 3, tries: gaveUp },
      { size: 2, tries: gaveUp },
      { size: 1, tries: 1 },
      { size: 1, tries: gaveUp },
      { size: 1, tries: 1 },
    ]);
    expect(await batches()).toEqual({});
    for (const id of well) expect(await source(id)).toMatchObject({ lastOutcome: "not_modified", polls: 1 });
    expect(await source("poison")).toMatchObject({
      lastOutcome: "failed",
      consecutiveFailures: 1,
      lastError: { code: "poll_broke_off" },
      nextPollAt: "2026-11-22T12:05:00.000Z",
    });

    // Nobody has to look into the queue for it.
    await env.DB.prepare("UPDATE given_up_polls SET at = ?1").bind(new Date().toISOString()).run();
    const found = (await health()).degraded ?? [];
    expect(found.find(({ what }) => what === "polls")).toMatchObject({
      level: "warning",
      why: expect.stringMatching(/^within a day 4 batches of polls broke off/) as string,
      next: expect.stringContaining("patch.moi sources") as string,
    });
    const headers = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` };
    const metrics = await (await exports.default.fetch("https://patch.test/metrics", { headers })).text();
    expect(metrics).toMatch(/^patch_moi_polls_given_up_total 4$/m);
    expect(metrics).toMatch(/^patch_moi_sources_failing 1$/m);

    // From now on it costs no other source a poll, and waits longer each time.
    upstream.now += 3_600_000;
    expect(await liveThrough(upstream.context())).toEqual([
      { size: 6, tries: 1 },
      { size: 1, tries: gaveUp },
    ]);
    expect(await source("poison")).toMatchObject({ consecutiveFailures: 2, nextPollAt: "2026-11-22T13:10:00.000Z" });
    await mend();
    upstream.now += 3_600_000;
    expect(await liveThrough(upstream.context())).toContainEqual({ size: 1, tries: 1 });
    expect(await source("poison")).toMatchObject({ lastOutcome: "not_modified", lastError: null });
  });

  it("shows on the source what storage refuses, waits longer each time, and loses nothing of it", async () => {
    const upstream = new Upstream();
    for (const id of ["refused", "beside"]) await declare(id);
    upstream.answer("beside", 304);
    upstream.feed("refused", ["v1.0.0"], { etag: '"1"' });
    await liveThrough(upstream.context());
    expect(await signals("refused")).toEqual(["v1.0.0 r0 primed"]);
    upstream.feed("refused", ["v1.1.0", "v1.0.0"], { etag: '"2"' });
    await refuse("INSERT ON feed_signals", "NEW.source_id = 'refused'");
    for (const [round, nextPollAt] of ["2026-11-22T13:05:00.000Z", "2026-11-22T14:10:00.000Z"].entries()) {
      upstream.now += 3_600_000;
      expect(await liveThrough(upstream.context())).toEqual([{ size: 2, tries: POLL_TRIES }]);
      const { lastError, ...row } = await source("refused");
      expect(row).toMatchObject({ consecutiveFailures: round + 1, etag: '"1"', nextPollAt });
      expect(lastError?.code).toBe("storage_refused");
      expect(lastError?.message).toMatch(/^what it found could not be stored: .*too much for us/);
    }
    expect(await source("beside")).toMatchObject({ polls: 3, lastOutcome: "not_modified" });
    const shown = await call("GET", "/feed-sources/refused");
    expect(shown.body).toMatchObject({ source: { health: { lastError: { code: "storage_refused" } } } });
    await mend();
    upstream.now += 3_600_000;
    await liveThrough(upstream.context());
    expect(await signals("refused")).toEqual(["v1.0.0 r0 primed", "v1.1.0 r0 event"]);
    expect(await source("refused")).toMatchObject({ consecutiveFailures: 0, lastError: null, etag: '"2"' });
  });

  it("keeps the message while not even that can be written, and gives up no batch twice", async () => {
    const upstream = new Upstream();
    for (const id of ["locked-1", "locked-2"]) await declare(id);
    const [batch] = await claimBatches(db, START, 10);
    const message = { v: 3, batchId: batch?.id };
    const sent: PollMessage[][] = [];
    const queue = { POLL_QUEUE: recording(sent) };
    const locked = upstream.context({ DB: failingBatch(env.DB, "INSERT INTO poll_batches") });
    expect(await consume(locked, [message], POLL_TRIES + 1, queue)).toEqual(["retry"]);
    expect(Object.values(await batches())).toEqual([["locked-1", "locked-2"]]);
    expect(await consume(upstream.context(), [message], POLL_TRIES + 2, queue)).toEqual(["ack"]);
    expect(Object.values(await batches())).toEqual([["locked-1"], ["locked-2"]]);
    expect(await consume(upstream.context(), [message], POLL_TRIES + 3, queue)).toEqual(["ack"]);
    expect(sent.flat()).toHaveLength(2);
    const noted = env.DB.prepare("SELECT count(*) AS n FROM given_up_polls WHERE batch_id = ?1").bind(batch?.id);
    expect(await noted.first("n")).toBe(1);
    expect(upstream.asked).toEqual([]);
  });

  it("has the sources due again at once where the queue does not take the halves", async () => {
    const upstream = new Upstream();
    for (const id of ["untaken-1", "untaken-2"]) await declare(id);
    const [batch] = await claimBatches(db, START, 10);
    const broken = { sendBatch: () => Promise.reject(new Error("the queue is away")) } as unknown as Queue;
    const message = { v: 3, batchId: batch?.id };
    expect(await consume(upstream.context(), [message], POLL_TRIES + 1, { POLL_QUEUE: broken })).toEqual(["retry"]);
    expect(await claimBatches(db, START, 10)).toMatchObject([{ sources: 2 }]);
    expect(await consume(upstream.context(), [message], POLL_TRIES + 2, { POLL_QUEUE: broken })).toEqual(["ack"]);
  });
});

/** What one invocation may ask on a free plan, of other servers and of D1: beyond it the platform throws. */
function freePlan(upstream: Upstream): PollContext {
  let fetches = 0;
  let statements = 0;
  const context = upstream.context({
    DB: new Proxy(env.DB, {
      get(target, name) {
        if (name === "batch")
          return (all: D1PreparedStatement[]) => {
            statements += all.length;
            if (statements > 50) throw new Error("D1_ERROR: Too many API requests by single Worker invocation.");
            return target.batch(all);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    }),
  });
  const { fetch = () => Promise.reject(new Error("no fetch")) } = context.outbound;
  context.outbound.fetch = (url, init) =>
    ++fetches > 50 ? Promise.reject(new Error("Too many subrequests by single Worker invocation.")) : fetch(url, init);
  return context;
}

it("makes the first polls of ten sources on a free plan, redirects and all, with none of them failed", async () => {
  await forgetDue();
  const upstream = new Upstream();
  const ids = Array.from({ length: 10 }, (_, i) => `free-${i}`);
  for (const id of ids) {
    await declare(id);
    upstream.feed(id, ["v1.0.0"]);
    upstream.repository(id, { "v1.0.0": "a" });
    // Three servers on the way to each feed and each repository.
    for (const address of [addressOf(id), repositoryOf(id)]) redirect(upstream, address, 3);
  }
  const [batch] = await claimBatches(db, START, 10);
  const message = { v: 3, batchId: batch?.id };
  let tries = 0;
  do tries++;
  while ((await consume(freePlan(upstream), [message], tries))[0] === "retry" && tries < 9);
  expect(tries).toBeLessThanOrEqual(POLL_TRIES);
  for (const id of ids) {
    expect(await source(id)).toMatchObject({
      lastOutcome: "changed",
      failedPolls: 0,
      lastError: null,
      refsError: null,
    });
    expect(await signals(id)).toEqual(["v1.0.0 r0 primed"]);
  }
  expect(await batches()).toEqual({});
});

it("polls what was too much for one invocation by smaller batches, and fails none of it", async () => {
  await forgetDue();
  const upstream = new Upstream();
  const ids = Array.from({ length: 90 }, (_, i) => `crowded-${i}`);
  for (const id of ids) {
    await declare(id);
    upstream.answer(id, 304);
    redirect(upstream, addressOf(id), 1);
  }
  // Not their first polls: D1 is asked next to nothing.
  await env.DB.prepare(
    "UPDATE feed_sources SET reconcile_at = '2027-01-01T00:00:00.000Z' WHERE id LIKE 'crowded-%'",
  ).run();
  expect(await liveThrough(() => freePlan(upstream))).toEqual([
    { size: 90, tries: POLL_TRIES + 1 },
    { size: 8, tries: 1 },
    { size: 7, tries: 1 },
  ]);
  for (const id of ids) expect(await source(id)).toMatchObject({ lastOutcome: "not_modified", failedPolls: 0 });
  // One that asks for more than all of an invocation's requests says so.
  for (const id of ["greedy", "modest"]) await declare(id);
  upstream.answer("modest", 304);
  const greedy = freePlan(upstream);
  greedy.outbound.fetch = (url) =>
    url.includes("greedy")
      ? Promise.reject(new Error("Too many subrequests by single Worker invocation."))
      : Promise.resolve(new Response(null, { status: 304 }));
  await liveThrough(greedy);
  expect(await source("greedy")).toMatchObject({ failedPolls: 1, lastError: { code: "too_many_subrequests" } });
  expect(await source("modest")).toMatchObject({ failedPolls: 0 });
});

function redirect(upstream: Upstream, address: string, hops: number): void {
  const answer = upstream.answers.get(address);
  if (answer === undefined) throw new Error(`nothing at ${address}`);
  const at = (hop: number) => (hop === 0 ? address : `${address}?hop=${hop}`);
  for (let hop = 0; hop < hops; hop++)
    upstream.answers.set(at(hop), () => new Response(null, { status: 307, headers: { location: at(hop + 1) } }));
  upstream.answers.set(at(hops), answer);
}
