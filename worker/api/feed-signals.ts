/**
 * `/feed-signals`: what was seen upstream, and what became of it.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { FeedSignal } from "../contract/feed-signal.ts";
import { Name } from "../contract/primitives.ts";
import { type FeedSignalRow, listSignals } from "../store/feed-entries.ts";
import { decodeCursor, json, ListQuery, page, refusals, router, scope } from "./http.ts";

export const feedSignalsApi = router();

feedSignalsApi.openapi(
  createRoute({
    method: "get",
    path: "/feed-signals",
    middleware: [scope("read")] as const,
    request: { query: ListQuery.extend({ sourceId: Name.optional() }) },
    responses: {
      200: json(z.object({ signals: z.array(FeedSignal), nextCursor: z.string().optional() }), "Signals, newest first"),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor, sourceId } = c.req.valid("query");
    const { rows, ...more } = page(await listSignals(c.var.db, sourceId, limit, decodeCursor(cursor)), limit);
    return c.json({ signals: rows.map(signalView), ...more }, 200);
  },
);

export function signalView(row: FeedSignalRow): FeedSignal {
  const { sourceId, revision, entry, disposition, decisions, eventId, seenAt } = row;
  return { ...entry, sourceId, revision, disposition, decisions, ...(eventId === null ? {} : { eventId }), seenAt };
}
