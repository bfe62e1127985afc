/**
 * The generic webhook: the facts themselves, in the shape that Standard Webhooks recommends.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
 *
 * @module
 */
import { changesOf, type Notification } from "./message.ts";

/** `attempt.<event>` for one change, `stack.changes` with a list for a group. */
export function webhookBody(n: Notification, link: string | undefined): unknown {
  const changes = changesOf(n).map(factsOf);
  if (changes.length === 1) return { type: `attempt.${n.event}`, timestamp: n.at, data: { ...changes[0], link } };
  const timestamp = changes.at(-1)?.at ?? n.at;
  return { type: "stack.changes", timestamp, data: { stackId: n.stackId, changes, link } };
}

/** Without what is the outbox's own. */
function factsOf({ event, stackId, attemptId, operation, channel, tag, onto, reason, candidates, at }: Notification) {
  return { event, stackId, attemptId, operation, channel, tag, onto, reason, candidates, at };
}
