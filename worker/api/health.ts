/**
 * `/healthz`: open to everyone; with `?deep=1` and a token it says what is degraded and how to mend it.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import migrations from "../../migrations/meta/_journal.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import { presentedToken, verifyAdminToken } from "../auth/admin-token.ts";
import { keyMark } from "../auth/derived-keys.ts";
import { Health } from "../contract/health.ts";
import { StorageFault } from "../store/database.ts";
import { readVitals } from "../store/vitals.ts";
import { findings } from "./health-findings.ts";
import { ApiError, json, refusals, router } from "./http.ts";

const NEWEST_MIGRATION = migrations.entries.at(-1)?.tag ?? "";

export const healthApi = router();

healthApi.openapi(
  createRoute({
    method: "get",
    path: "/healthz",
    security: [],
    request: { query: z.object({ deep: z.enum(["0", "1"]).optional() }) },
    responses: { 200: json(Health, "The Worker answers"), ...refusals },
  }),
  async (c) => {
    if (c.req.valid("query").deep !== "1") return c.json({ ok: true }, 200);
    const { settings, db } = c.var;
    const now = new Date();
    const at = now.toISOString();
    const self = { version: packageJson.version, at };
    const verdict = await verifyAdminToken(presentedToken(c.req.raw.headers), settings, db, at);
    if (verdict.kind !== "accepted") throw new ApiError("unauthorized", "deep health needs an admin token");
    try {
      const mark = settings.signingKey === undefined ? undefined : await keyMark(settings.signingKey);
      const found = findings(await readVitals(db, at), { ...settings, keyMark: mark }, NEWEST_MIGRATION, now.getTime());
      return c.json({ ok: found.degraded.every(({ level }) => level !== "error"), ...self, ...found }, 200);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      const down = {
        what: "database",
        level: "error" as const,
        why: `D1 does not answer as it should: ${error.message}`,
        next: "see whether the migrations are applied, and the platform's status page",
      };
      return c.json({ ok: false, ...self, healthy: [], degraded: [down] }, 200);
    }
  },
);
