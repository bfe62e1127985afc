/**
 * Claims declared sources and polls them batch by batch as the queue's consumer does, inside workerd, and counts what
 * the polls ask of D1.
 *
 * @module
 */
import { FeedSourceConfig } from "../../worker/contract/feed-source.ts";
import { StackConfig } from "../../worker/contract/stack.ts";
import { everyMinute } from "../../worker/cron.ts";
import { pollBatch } from "../../worker/intake/poll.ts";
import { pollContext } from "../../worker/intake/poll-context.ts";
import { type Database, openDatabase } from "../../worker/store/database.ts";
import { putSource } from "../../worker/store/feed-sources.ts";
import { claimBatches, releaseBatches } from "../../worker/store/poll-batches.ts";
import type { PollOrder, PollReport, TicksOrder, TicksReport } from "../bench/measure-orders.ts";
import { countedD1, noCount } from "./counted-d1.ts";

/** As the cron makes them. */
const BATCH = 100;

export async function drivePolls(env: Env, order: PollOrder): Promise<PollReport> {
  if (order.declare !== undefined) await declare(env, order.declare);
  const db = openDatabase(env.DB);
  const size = order.batch ?? BATCH;
  const d1 = noCount();
  const context = pollContext({ ...env, DB: countedD1(env.DB, d1, false) });
  const outcomes: Record<string, number> = {};
  const startedAt = Date.now();
  for (let round = 0; round < order.rounds; round++) {
    // Those that were just declared are due, and no others.
    if (order.declare === undefined) await everySourceDue(db);
    const batches = await claimBatches(db, Date.now(), size);
    // What is claimed and not asked for is nobody's again.
    const [some, others] = [batches.slice(0, order.batches), batches.slice(order.batches ?? batches.length)];
    await releaseBatches(
      db,
      others.map(({ id }) => id),
    );
    for (const { id } of some)
      for (const { outcome } of (await pollBatch(context, id)) ?? []) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { milliseconds: Date.now() - startedAt, outcomes, d1 };
}

async function everySourceDue(db: Database): Promise<void> {
  await db.$client.prepare("UPDATE feed_sources SET next_poll_at = '2026-01-01T00:00:00.000Z'").run();
}

/** So many ticks of the cron, when no source is due or every one is. What it queues goes nowhere. */
export async function driveTicks(env: Env, { due, times, batch }: TicksOrder): Promise<TicksReport> {
  const db = openDatabase(env.DB);
  const d1 = noCount();
  const bound = {
    ...env,
    DB: countedD1(env.DB, d1, true),
    POLL_QUEUE: { sendBatch: () => Promise.resolve() } as unknown as Queue,
    ...(batch === undefined ? {} : { PATCH_POLL_BATCH: String(batch) }),
  };
  const tick = async (): Promise<number> => {
    await db.$client.prepare("DELETE FROM poll_batches").run();
    const { polls, failed } = await everyMinute(bound, Date.now());
    if (failed.length > 0) throw new Error(`the cron failed: ${failed.join("; ")}`);
    return polls;
  };
  await db.$client.prepare("UPDATE feed_sources SET next_poll_at = '9999'").run();
  // The first one may find other work.
  await tick();
  if (due) await everySourceDue(db);
  Object.assign(d1, noCount());
  let claimed = 0;
  for (let i = 0; i < times; i++) claimed += await tick();
  return { d1, claimed };
}

async function declare(env: Env, { base, from, to, stacks }: NonNullable<PollOrder["declare"]>): Promise<void> {
  const config = StackConfig.parse({
    upstream: { url: "https://forge.example.org/lantern/lantern.git" },
    fork: { url: "https://forge.example.org/office/lantern.git" },
    branch: "office",
  });
  for (let i = from; i < Math.min(to, stacks); i++)
    await env.PATCH_STACK.getByName(`polled-${i}`).configure(`polled-${i}`, config, "bench");
  for (let i = from; i < to; i++) {
    const source = FeedSourceConfig.parse({
      provider: "feed",
      url: `${base}/${i}.atom`,
      event: "release",
      target: { mode: "maintain", stacks: [`polled-${i % stacks}`] },
    });
    await putSource(openDatabase(env.DB), `polled-${i}`, source, undefined, new Date().toISOString());
  }
}
