/**
 * The queue's consumer: polls the sources that the cron claimed.
 *
 * @module
 */
import { z } from "zod";
import { Name } from "../contract/primitives.ts";
import { log } from "../platform/log.ts";
import { measure } from "../platform/measurement.ts";
import { pollSources } from "./poll.ts";
import { pollContext } from "./poll-context.ts";

/** What the cron puts into the queue. */
export const PollMessage = z.strictObject({ v: z.literal(1), sourceId: Name });
export type PollMessage = z.infer<typeof PollMessage>;

/** A message of a newer version, while both are at work. */
const NewerMessage = z.looseObject({ v: z.int().min(2) });

/** Seconds before a message whose poll could not be stored comes back. */
const RETRY_DELAY_SECONDS = 10;

/** Polls a batch; each message is acknowledged or retried by what became of its own source. */
export async function consumePolls(batch: MessageBatch, env: Env, context = pollContext(env)): Promise<void> {
  const bySource = new Map<string, Message[]>();
  for (const message of batch.messages) {
    const parsed = PollMessage.safeParse(message.body);
    if (parsed.success) bySource.set(parsed.data.sourceId, [...(bySource.get(parsed.data.sourceId) ?? []), message]);
    else if (NewerMessage.safeParse(message.body).success) message.retry({ delaySeconds: RETRY_DELAY_SECONDS });
    else {
      log("error", "request.refused", { queue: batch.queue, message: "not a poll message" });
      // It will not become one: keeping it would only bring it back.
      message.ack();
    }
  }
  if (bySource.size === 0) return;
  let retry: ReadonlySet<string>;
  try {
    const outcomes = await pollSources(context, [...bySource.keys()]);
    for (const { sourceId, outcome } of outcomes) measure(env, { what: "poll", subject: sourceId, outcome });
    retry = new Set(outcomes.filter(({ outcome }) => outcome === "retry").map(({ sourceId }) => sourceId));
  } catch (error) {
    log("error", "storage.fault", { message: error instanceof Error ? error.message : String(error) });
    retry = new Set(bySource.keys());
  }
  for (const [sourceId, messages] of bySource) {
    for (const message of messages) {
      if (retry.has(sourceId)) message.retry({ delaySeconds: RETRY_DELAY_SECONDS });
      else message.ack();
    }
  }
}
