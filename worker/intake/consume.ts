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

/** Sources in one message, at most. */
export const MESSAGE_SOURCES = 100;

/** What the cron puts into the queue: a message is paid for three times, so it names many sources. */
export const PollMessage = z.strictObject({ v: z.literal(2), sourceIds: z.array(Name).min(1).max(MESSAGE_SOURCES) });
export type PollMessage = z.infer<typeof PollMessage>;

/** What versions before put there; it may still wait when they are gone. */
const OlderMessage = z
  .strictObject({ v: z.literal(1), sourceId: Name })
  .transform(({ sourceId }): PollMessage => ({ v: 2, sourceIds: [sourceId] }));

const AnyMessage = z.union([PollMessage, OlderMessage]);

/** A message of a newer version, while both are at work. */
const NewerMessage = z.looseObject({ v: z.int().min(3) });

/** Seconds before a message whose poll could not be stored comes back. */
const RETRY_DELAY_SECONDS = 10;

/** Polls a batch; of each message only what could not be stored comes back. */
export async function consumePolls(batch: MessageBatch, env: Env, context = pollContext(env)): Promise<void> {
  const understood: { message: Message; sourceIds: readonly string[] }[] = [];
  for (const message of batch.messages) {
    const parsed = AnyMessage.safeParse(message.body);
    if (parsed.success) understood.push({ message, sourceIds: parsed.data.sourceIds });
    else if (NewerMessage.safeParse(message.body).success) message.retry({ delaySeconds: RETRY_DELAY_SECONDS });
    else {
      log("error", "request.refused", { queue: batch.queue, message: "not a poll message" });
      // It will not become one: keeping it would only bring it back.
      message.ack();
    }
  }
  const wanted = [...new Set(understood.flatMap(({ sourceIds }) => sourceIds))];
  if (wanted.length === 0) return;
  let retry: ReadonlySet<string>;
  try {
    const outcomes = await pollSources(context, wanted);
    for (const { sourceId, outcome } of outcomes) measure(env, { what: "poll", subject: sourceId, outcome });
    retry = new Set(outcomes.filter(({ outcome }) => outcome === "retry").map(({ sourceId }) => sourceId));
  } catch (error) {
    log("error", "storage.fault", { message: error instanceof Error ? error.message : String(error) });
    retry = new Set(wanted);
  }
  for (const { message, sourceIds } of understood) await settle(message, sourceIds, retry, env);
}

/** Others must not be polled again for the sake of one. */
async function settle(
  message: Message,
  sourceIds: readonly string[],
  retry: ReadonlySet<string>,
  env: Pick<Env, "POLL_QUEUE">,
): Promise<void> {
  const again = sourceIds.filter((id) => retry.has(id));
  if (again.length === 0) return message.ack();
  const delay = { delaySeconds: RETRY_DELAY_SECONDS };
  // Alone it comes back as it is, so that its tries are counted and it ends in the dead-letter queue.
  if (again.length === sourceIds.length) return message.retry(delay);
  await env.POLL_QUEUE.send({ v: 2, sourceIds: again } satisfies PollMessage, delay);
  message.ack();
}
