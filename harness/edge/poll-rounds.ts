/**
 * Polls declared sources in batches as large as the queue's, inside workerd, and counts what that asks
 * of D1.
 *
 * @module
 */
import { FeedSourceConfig } from "../../worker/contract/feed-source.ts";
import { StackConfig } from "../../worker/contract/stack.ts";
import { everyMinute } from "../../worker/cron.ts";
import { pollSources } from "../../worker/intake/poll.ts";
import { pollContext } from "../../worker/intake/poll-context.ts";
import { openDatabase } from "../../worker/store/database.ts";
import { putSource } from "../../worker/store/feed-sources.ts";
import type { PollOrder, PollReport, TickReport } from "../bench/measure-orders.ts";
import { countedD1, noCount } from "./counted-d1.ts";

/** As the queue hands them over. */
const BATCH = 100;

export async function drivePolls(env: Env, order: PollOrder): Promise<PollReport> {
  if (order.declare !== undefined) await declare(env, order.declare);
  const db = openDatabase(env.DB);
  const { results } = await db.$client.prepare("SELECT id FROM feed_sources ORDER BY position").all<{ id: string }>();
  const ids = results.map(({ id }) => id).slice(0, order.first);
  const batch = order.batch ?? BATCH;
  const d1 = noCount();
  const context = pollContext({ ...env, DB: countedD1(env.DB, d1, false) });
  const outcomes: Record<string, number> = {};
  const startedAt = Date.now();
  for (let round = 0; round < order.rounds; round++)
    for (let i = 0; i < ids.length; i += batch)
      for (const { outcome } of await pollSources(context, ids.slice(i, i + batch)))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return { milliseconds: Date.now() - startedAt, outcomes, d1 };
}

/** Two ticks of the cron: one now, and one when every source is due. What it queues goes nowhere. */
export async function driveTicks(env: Env): Promise<TickReport> {
  const tick = async (now: number) => {
    const d1 = noCount();
    const queue = { sendBatch: () => Promise.resolve() } as unknown as Queue;
    const { polls, failed } = await everyMinute({ ...env, DB: countedD1(env.DB, d1, true), POLL_QUEUE: queue }, now);
    if (failed.length > 0) throw new Error(`the cron failed: ${failed.join("; ")}`);
    return { d1, polls };
  };
  // What is due by now is claimed, so that then nothing is.
  await tick(Date.now());
  const idle = await tick(Date.now());
  const due = await tick(Date.now() + 3_600_000);
  return { idle: idle.d1, due: due.d1, claimed: due.polls };
}

async function declare(
  env: Env,
  { base, sources, stacks }: { base: string; sources: number; stacks: number },
): Promise<void> {
  const config = StackConfig.parse({
    upstream: { url: "https://forge.example.org/lantern/lantern.git" },
    fork: { url: "https://forge.example.org/office/lantern.git" },
    branch: "office",
  });
  for (let i = 0; i < stacks; i++)
    await env.PATCH_STACK.getByName(`polled-${i}`).configure(`polled-${i}`, config, "bench");
  for (let i = 0; i < sources; i++) {
    const source = FeedSourceConfig.parse({
      provider: "feed",
      url: `${base}/${i}.atom`,
      event: "release",
      target: { mode: "maintain", stacks: [`polled-${i % stacks}`] },
    });
    await putSource(openDatabase(env.DB), `polled-${i}`, source, undefined, new Date().toISOString());
  }
}
