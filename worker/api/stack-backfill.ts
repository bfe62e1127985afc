/**
 * `/stacks/:id/backfill`: past movements that pass today's release policy become events. Asked for,
 * never automatic.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { BackfillAnswer, BackfillInput } from "../contract/backfill.ts";
import type { FilterDecision } from "../contract/feed-signal.ts";
import { FlowEvent } from "../contract/flow-event.ts";
import { Name } from "../contract/primitives.ts";
import { deliverPending } from "../intake/deliver.ts";
import { decide, eventFor, followingStack } from "../intake/movement.ts";
import { type Backfilled, type PastSignal, pastSignals, storeBackfill } from "../store/backfill.ts";
import type { StackRow } from "../store/rows.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, decodeCursor, json, jsonBody, page, refusals, router, scope } from "./http.ts";

/** Signals looked at in one call. */
const LIMIT = 500;

export const stackBackfillApi = router();

stackBackfillApi.openapi(
  createRoute({
    method: "post",
    path: "/stacks/{id}/backfill",
    middleware: [scope("operate")] as const,
    request: { params: z.object({ id: Name }), body: jsonBody(BackfillInput) },
    responses: { 202: json(BackfillAnswer, "The events are on their way to the stack"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const stack = await findStack(c.var.db, id);
    if (stack === undefined || stack.deletedAt !== null) throw new ApiError("not_found", `there is no stack '${id}'`);
    const now = new Date().toISOString();
    const { since, cursor } = c.req.valid("json");
    const found = await pastSignals(c.var.db, id, since, LIMIT + 1, decodeCursor(cursor));
    const { rows, ...more } = page(
      found.map((past) => ({ ...past, position: past.signal.position })),
      LIMIT,
    );
    const judged = rows.map((past) => ({ past, decision: decideNow(stack, past) }));
    const passing = judged.filter(({ decision }) => decision.pass).toReversed();
    const backfilled = passing.map(({ past, decision }) => becomes(past, decision, now));
    const failure = await storeBackfill(c.var.db, id, backfilled, now);
    if (failure !== undefined) throw new ApiError("storage_unavailable", "storage does not answer; try again");
    // What cannot be delivered now stays pending, and the cron comes back for it.
    await deliverPending(c.env, [id]);
    const left = judged
      .filter(({ decision }) => !decision.pass)
      .map(({ past, decision }) => ({ ...past.signal.entry, sourceId: past.source.id, decision }));
    const events = backfilled.map(({ event }) => ({ ...event, stackIds: [id] }));
    return c.json({ events: events.map((e) => FlowEvent.parse(e)), left, ...more }, 202);
  },
);

function decideNow(stack: StackRow, { signal, source }: PastSignal): FilterDecision {
  return decide(followingStack(stack.id, stack.config), source.config.event, signal.entry);
}

function becomes({ signal, source }: PastSignal, decision: FilterDecision, now: string): Backfilled {
  const context = { sourceId: source.id, config: source.config, stacks: [], now };
  return { event: eventFor(context, signal.entry, signal.revision), signal, decision };
}
