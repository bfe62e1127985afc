/**
 * The queue as the platform plays it: gives messages to the consumer, as often as a test says.
 *
 * @module
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { consumePolls, type PollMessage } from "../consume.ts";
import type { PollContext } from "../poll-context.ts";
import { START } from "./played-upstream.ts";

/** What is in each batch, by its number. */
export async function batches(): Promise<Record<number, string[]>> {
  const { results } = await env.DB.prepare("SELECT id, source_ids FROM poll_batches ORDER BY id").all<{
    id: number;
    source_ids: string;
  }>();
  return Object.fromEntries(results.map((row) => [row.id, JSON.parse(row.source_ids) as string[]]));
}

/** Forgets every batch, and that sources of earlier tests are due. */
export async function forgetDue(): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("UPDATE feed_sources SET next_poll_at = NULL"),
    env.DB.prepare("DELETE FROM poll_batches"),
  ]);
}

/** Gives the messages to the consumer as if they were sent and came for the so-manieth time. */
export async function consume(
  context: PollContext,
  bodies: unknown[],
  attempts = 1,
  queue: Pick<Env, "POLL_QUEUE"> = env,
): Promise<string[]> {
  const messages = bodies.map((body, i) => ({ id: String(i), timestamp: new Date(START), attempts, body }));
  const batch = createMessageBatch("patch-moi-polls", messages);
  await consumePolls(batch, { ...env, ...queue }, context);
  const { explicitAcks } = await getQueueResult(batch, createExecutionContext());
  return bodies.map((_, i) => (explicitAcks.includes(String(i)) ? "ack" : "retry"));
}

/** A queue that notes the messages of each batch. */
export function recording(sent: PollMessage[][]): Queue {
  return new Proxy(env.POLL_QUEUE, {
    get: (target, key) => {
      if (key === "sendBatch")
        return (messages: Iterable<{ body: PollMessage }>) => {
          sent.push([...messages].map(({ body }) => body));
          return Promise.resolve();
        };
      return Reflect.get(target, key, target) as unknown;
    },
  });
}
