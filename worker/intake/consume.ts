/**
 * The queue's consumer: polls the sources that the cron claimed.
 *
 * @module
 */
import { z } from "zod";
import { Name } from "../contract/primitives.ts";
import { log } from "../platform/log.ts";
import { measure } from "../platform/measurement.ts";
import { openDatabase } from "../store/database.ts";
import { releaseBatches } from "../store/poll-batches.ts";
import { giveUpBatch } from "./give-up.ts";
import { type PollOutcome, pollBatch, pollSources } from "./poll.ts";
import { type PollContext, pollContext } from "./poll-context.ts";

/** What the cron puts into the queue. Which sources a batch has is for its row to say, when it is begun. */
export const PollMessage = z.strictObject({ v: z.literal(3), batchId: z.int().positive() });
export type PollMessage = z.infer<typeof PollMessage>;

/** What versions before put there; it may still wait when they are gone. */
const OlderMessage = z.union([
  z.strictObject({ v: z.literal(2), sourceIds: z.array(Name).min(1).max(100) }),
  z.strictObject({ v: z.literal(1), sourceId: Name }).transform(({ v, sourceId }) => ({ v, sourceIds: [sourceId] })),
]);

const AnyMessage = z.union([PollMessage, OlderMessage]);
type AnyMessage = z.infer<typeof AnyMessage>;

/** A message of a newer version, while both are at work. */
const NewerMessage = z.looseObject({ v: z.int().min(4) });

/** Seconds before a message whose polls could not be stored comes back. */
const RETRY_DELAY_SECONDS = 10;

/** Deliveries of a message that are polled. At the next one what is left of its batch is given up. */
export const POLL_TRIES = 3;

/** Seconds before a message whose batch could not even be given up comes back: D1 takes no writes. */
const GIVE_UP_DELAY_SECONDS = 60;

/** Polls what the messages name, one message after another: as `wrangler.toml` has it, an invocation is given one. */
export async function consumePolls(batch: MessageBatch, env: Env, context = pollContext(env)): Promise<void> {
  for (const message of batch.messages) {
    const parsed = AnyMessage.safeParse(message.body);
    if (parsed.success) {
      const late = message.attempts > POLL_TRIES;
      if (await isDone(message, parsed.data, env, context)) message.ack();
      else message.retry({ delaySeconds: late ? GIVE_UP_DELAY_SECONDS : RETRY_DELAY_SECONDS });
    } else if (NewerMessage.safeParse(message.body).success) message.retry({ delaySeconds: RETRY_DELAY_SECONDS });
    else {
      log("error", "request.refused", { queue: batch.queue, message: "not a poll message" });
      // It will not become one: keeping it would only bring it back.
      message.ack();
    }
  }
}

/** False when the message should come back: something could not be stored. What could is not polled again. */
async function isDone(message: Message, body: AnyMessage, env: Env, context: PollContext): Promise<boolean> {
  try {
    if (message.attempts > POLL_TRIES) {
      // The sources of an older version's message are in no batch: they are due again by themselves.
      if (body.v === 3) await giveUpBatch(context, env, body.batchId);
      return true;
    }
    const outcomes =
      body.v === 3 ? await pollBegun(message, body.batchId, context) : await pollSources(context, body.sourceIds);
    for (const { sourceId, outcome } of outcomes) measure(env, { what: "poll", subject: sourceId, outcome });
    return outcomes.every(({ outcome }) => outcome !== "retry");
  } catch (error) {
    log("error", "storage.fault", { message: error instanceof Error ? error.message : String(error) });
    return false;
  }
}

async function pollBegun(message: Message, batchId: number, context: PollContext): Promise<PollOutcome[]> {
  const outcomes = await pollBatch(context, batchId, message.attempts === POLL_TRIES);
  if (outcomes !== undefined) return outcomes;
  // Too old, or gone. Where nobody can have begun it, its sources need not wait until it expires.
  if (message.attempts === 1) await releaseBatches(openDatabase(context.env.DB), [batchId]);
  return [];
}
