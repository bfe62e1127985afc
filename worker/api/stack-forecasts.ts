/**
 * `/stacks/:id/forecasts`: how the stack would have fared on upstream's branch, and how far it drifted.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { Forecast } from "../contract/forecast.ts";
import { Name } from "../contract/primitives.ts";
import { listForecasts } from "../store/forecasts.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, decodeCursor, json, ListQuery, page, refusals, router, scope } from "./http.ts";
import { forecastView } from "./record-views.ts";

const ForecastList = z.object({ forecasts: z.array(Forecast), nextCursor: z.string().optional() });

export const stackForecastsApi = router();

stackForecastsApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks/{id}/forecasts",
    middleware: [scope("read")] as const,
    request: { params: z.object({ id: Name }), query: ListQuery },
    responses: { 200: json(ForecastList, "Forecasts, newest first"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { limit, cursor } = c.req.valid("query");
    if ((await findStack(c.var.db, id)) === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
    const found = await listForecasts(c.var.db, id, limit, decodeCursor(cursor));
    // Numbers are the positions of a list that holds one stack alone.
    const numbered = found.map((row) => ({ ...row, position: row.number }));
    const { rows, ...more } = page(numbered, limit);
    return c.json({ forecasts: rows.map(forecastView), ...more }, 200);
  },
);
