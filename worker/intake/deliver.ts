/**
 * Hands stored events to the stacks' objects. A delivery stays pending in D1 until the object's own
 * commit marks it accepted, so that this may stop or run twice at any point.
 *
 * @module
 */
import { log } from "../platform/log.ts";
import { openDatabase } from "../store/database.ts";
import { pendingDeliveries } from "../store/feed-entries.ts";
import { eachBounded } from "./bounded.ts";

/** Deliveries to one stack in one go; the cron comes back for the rest. */
const LIMIT_PER_STACK = 500;

/** Events in one call to an object: a burst becomes few calls, and none that takes for ever. */
const GROUP = 100;

/**
 * Delivers what is pending, of all stacks or of some. A stack that fails is logged and stays pending;
 * it never keeps another from its events.
 */
export async function deliverPending(
  env: Pick<Env, "DB" | "PATCH_STACK">,
  stackIds?: readonly string[],
): Promise<{ delivered: number; failed: number }> {
  if (stackIds?.length === 0) return { delivered: 0, failed: 0 };
  const pending = await pendingDeliveries(openDatabase(env.DB), LIMIT_PER_STACK, stackIds);
  const counts = await eachBounded([...pending], ([stackId, eventIds]) => deliverTo(env, stackId, eventIds));
  return {
    delivered: counts.reduce((sum, count) => sum + count.delivered, 0),
    failed: counts.reduce((sum, count) => sum + count.failed, 0),
  };
}

async function deliverTo(
  env: Pick<Env, "PATCH_STACK">,
  stackId: string,
  eventIds: readonly string[],
): Promise<{ delivered: number; failed: number }> {
  let delivered = 0;
  for (let i = 0; i < eventIds.length; i += GROUP) {
    const group = eventIds.slice(i, i + GROUP);
    const problem = await accept(env, stackId, group);
    if (problem !== undefined) {
      log("warn", "delivery.failed", { stackId, events: eventIds.length - delivered, ...problem });
      // Later events must not overtake earlier ones.
      return { delivered, failed: eventIds.length - delivered };
    }
    delivered += group.length;
  }
  return { delivered, failed: 0 };
}

async function accept(
  env: Pick<Env, "PATCH_STACK">,
  stackId: string,
  eventIds: string[],
): Promise<{ code: string; message: string } | undefined> {
  try {
    const answer = await env.PATCH_STACK.getByName(stackId).accept(stackId, eventIds);
    return answer.ok ? undefined : { code: answer.code, message: answer.message };
  } catch (error) {
    return { code: "object_unreachable", message: error instanceof Error ? error.message : String(error) };
  }
}
