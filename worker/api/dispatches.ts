/**
 * `/workspace-dispatches` (the same as `/flow-dispatches`) and `/candidates`.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { Candidate, Dispatch } from "../contract/attempt.ts";
import { Name } from "../contract/primitives.ts";
import { listCandidates, listDispatches } from "../store/dispatches.ts";
import { decodeCursor, json, ListQuery, page, refusals, router, scope, statusFilter } from "./http.ts";
import { candidateView, dispatchView } from "./record-views.ts";

const StatusFilter = statusFilter(Dispatch.shape.status, ["waiting", "claimed"]);

export const dispatchesApi = router();

for (const path of ["/workspace-dispatches", "/flow-dispatches"] as const) {
  dispatchesApi.openapi(
    createRoute({
      method: "get",
      path,
      middleware: [scope("read")] as const,
      request: {
        query: ListQuery.extend({
          eventId: z.string().max(1400).optional(),
          status: StatusFilter.openapi({ type: "string", example: "waiting" }),
        }),
      },
      responses: {
        200: json(
          z.object({ dispatches: z.array(Dispatch), nextCursor: z.string().optional() }),
          "Hand-overs, newest first",
        ),
        ...refusals,
      },
    }),
    async (c) => {
      const { limit, cursor, eventId, status } = c.req.valid("query");
      const found = await listDispatches(c.var.db, { eventId, statuses: status }, limit, decodeCursor(cursor));
      const { rows, ...more } = page(found, limit);
      return c.json({ dispatches: rows.map(dispatchView), ...more }, 200);
    },
  );
}

dispatchesApi.openapi(
  createRoute({
    method: "get",
    path: "/candidates",
    middleware: [scope("read")] as const,
    request: { query: ListQuery.extend({ stackId: Name.optional() }) },
    responses: {
      200: json(
        z.object({ candidates: z.array(Candidate), nextCursor: z.string().optional() }),
        "Candidates, newest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor, stackId } = c.req.valid("query");
    const { rows, ...more } = page(await listCandidates(c.var.db, { stackId }, limit, decodeCursor(cursor)), limit);
    return c.json({ candidates: rows.map(candidateView), ...more }, 200);
  },
);
