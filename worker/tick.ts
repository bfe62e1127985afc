/**
 * `POST /tick`: what the cron does every minute, now. It is safe at any time, and beside the cron.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import { json, refusals, router, scope } from "./api/http.ts";
import { Tick } from "./contract/health.ts";
import { everyMinute } from "./cron.ts";

export const tickApi = router();

tickApi.openapi(
  createRoute({
    method: "post",
    path: "/tick",
    middleware: [scope("operate")] as const,
    responses: {
      200: json(Tick, "What was due; a part that failed is named and tried again every minute"),
      ...refusals,
    },
  }),
  async (c) => c.json(await everyMinute(c.env, Date.now()), 200),
);
