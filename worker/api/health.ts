/**
 * `/healthz`: open to everyone; with `?deep=1` and a token it says what is degraded.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { presentedToken, verifyAdminToken } from "../auth/admin-token.ts";
import { classify } from "../store/database.ts";
import { ApiError, json, refusals, router } from "./http.ts";

const Health = z
  .object({ ok: z.boolean(), degraded: z.array(z.object({ what: z.string(), why: z.string() })).optional() })
  .openapi("Health");

export const healthApi = router();

healthApi.openapi(
  createRoute({
    method: "get",
    path: "/healthz",
    request: { query: z.object({ deep: z.enum(["0", "1"]).optional() }) },
    responses: { 200: json(Health, "The Worker answers"), ...refusals },
  }),
  async (c) => {
    if (c.req.valid("query").deep !== "1") return c.json({ ok: true }, 200);
    const { settings, db } = c.var;
    const degraded: { what: string; why: string }[] = [];
    try {
      const now = new Date().toISOString();
      const verdict = await verifyAdminToken(presentedToken(c.req.raw.headers), settings, db, now);
      if (verdict.kind !== "accepted") throw new ApiError("unauthorized", "deep health needs an admin token");
      await db.$client.prepare("SELECT seq FROM journal LIMIT 1").all();
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const failure = classify(error);
      degraded.push({ what: "D1", why: failure.kind === "fault" ? failure.message : failure.column });
    }
    if (settings.signingKey === undefined)
      degraded.push({ what: "runners", why: "the secret PATCH_SIGNING_KEY is not set, so no runner can claim work" });
    return c.json({ ok: degraded.length === 0, degraded }, 200);
  },
);
