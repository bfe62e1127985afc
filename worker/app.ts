/**
 * The Hono app: who may come in, routes mounted, one error hook, the OpenAPI document.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import { attemptLogApi } from "./api/attempt-log.ts";
import { channelsApi } from "./api/channels.ts";
import { credentialsApi } from "./api/credentials.ts";
import { dispatchesApi } from "./api/dispatches.ts";
import { feedPreviewApi } from "./api/feed-preview.ts";
import { feedSignalsApi } from "./api/feed-signals.ts";
import { feedSourceWebhookApi } from "./api/feed-source-webhook.ts";
import { feedSourcesApi } from "./api/feed-sources.ts";
import { flowEventsApi } from "./api/flow-events.ts";
import { healthApi } from "./api/health.ts";
import { historyApi } from "./api/history.ts";
import { ApiError, type AppEnv, errorBody, router, scope, withinRate } from "./api/http.ts";
import { idempotent } from "./api/idempotency.ts";
import { identitiesApi } from "./api/identities.ts";
import { importsApi } from "./api/imports.ts";
import { interventionsApi } from "./api/interventions.ts";
import { maintenanceAttemptsApi } from "./api/maintenance-attempts.ts";
import { metricsApi } from "./api/metrics.ts";
import { isObjectAway, OBJECT_AWAY } from "./api/object.ts";
import { recordsApi } from "./api/records.ts";
import { stackBackfillApi } from "./api/stack-backfill.ts";
import { stackChecksApi } from "./api/stack-checks.ts";
import { stackForecastsApi } from "./api/stack-forecasts.ts";
import { stackWhyApi } from "./api/stack-why.ts";
import { stacksApi } from "./api/stacks.ts";
import { workspaceApi } from "./api/workspace.ts";
import { presentedToken, verifyAdminToken } from "./auth/admin-token.ts";
import { REFETCH_COOLDOWN_MS } from "./auth/oidc/issuer-keys.ts";
import { consolePages } from "./console/console.tsx";
import { missingDocument } from "./console/missing-document.tsx";
import type { ApiDocument } from "./contract/api-document.ts";
import { ERROR_STATUS } from "./contract/error.ts";
import { MAX_API_BODY } from "./contract/primitives.ts";
import { MAX_RECORDS_BODY } from "./contract/record.ts";
import { apiDocument } from "./openapi/document.ts";
import { declareOtherPaths } from "./openapi/undeclared-paths.ts";
import { log } from "./platform/log.ts";
import { readSettings, SettingsError } from "./platform/settings.ts";
import { openDatabase, StorageFault } from "./store/database.ts";
import { UnreadableDeclaration } from "./store/declared-column.ts";
import { tickApi } from "./tick.ts";
import { forgeWebhookApi } from "./webhooks/forge-webhook.ts";
import { runnerCallbackApi } from "./webhooks/runner-callback.ts";
import { runnerClaimApi } from "./webhooks/runner-claim.ts";
import { runnerForecastApi } from "./webhooks/runner-forecast.ts";

/** Opens what every request needs. */
const open = createMiddleware<AppEnv>(async (c, next) => {
  c.set("settings", readSettings(c.env));
  c.set("db", openDatabase(c.env.DB));
  await next();
});

/** Everything below it needs an admin token. */
const adminOnly = createMiddleware<AppEnv>(async (c, next) => {
  const verdict = await verifyAdminToken(
    presentedToken(c.req.raw.headers),
    c.var.settings,
    c.var.db,
    new Date().toISOString(),
  );
  switch (verdict.kind) {
    case "accepted":
      c.set("actor", { name: verdict.name, scopes: verdict.scopes });
      await withinRate(c, "TOKEN_LIMIT", `token:${verdict.name}`, `requests with the token '${verdict.name}'`);
      break;
    case "not_configured":
      throw new ApiError("not_configured", "no admin token is configured; set the secret PATCH_ADMIN_TOKEN");
    case "refused":
      throw new ApiError("unauthorized", "send an admin token as 'Authorization: Bearer <token>'");
  }
  await next();
});

const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;

/** Whether something other than what every request goes through answers this. */
function isRoute(app: OpenAPIHono<AppEnv>, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method === method);
}

/** Refuses larger bodies; bytes. */
function atMost(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ApiError("payload_too_large", `a body may have ${maxSize} bytes at most`);
    },
  });
}

/** Builds the app; one per isolate. */
export function createApp() {
  const app = router();
  app.use(open);
  // Made once: it is the same for all but for the address.
  let document: ApiDocument | undefined;
  app.use(async (c, next) => {
    c.set("apiDocument", (origin) => {
      document ??= apiDocument(app, origin);
      return { ...document, servers: [{ url: origin }] };
    });
    await next();
  });
  app.route("/", healthApi);
  app.route("/", runnerClaimApi);
  app.route("/", runnerCallbackApi);
  app.route("/", forgeWebhookApi);
  app.route("/", runnerForecastApi);
  app.route("/console", consolePages);
  app.route("/docs", missingDocument);
  app.use(adminOnly);
  app.use("/records", atMost(MAX_RECORDS_BODY));
  app.use((c, next) => (c.req.path === "/records" ? next() : atMost(MAX_API_BODY)(c, next)));
  app.use(idempotent);
  for (const api of [
    flowEventsApi,
    maintenanceAttemptsApi,
    attemptLogApi,
    dispatchesApi,
    stacksApi,
    stackForecastsApi,
    stackChecksApi,
    feedPreviewApi,
    feedSourcesApi,
    feedSourceWebhookApi,
    feedSignalsApi,
    identitiesApi,
    credentialsApi,
    interventionsApi,
    stackBackfillApi,
    stackWhyApi,
    metricsApi,
    tickApi,
    workspaceApi,
    channelsApi,
    recordsApi,
    importsApi,
    historyApi,
  ])
    app.route("/", api);
  declareOtherPaths(app);
  app.get("/openapi.json", scope("read"), (c) => c.json(c.var.apiDocument(new URL(c.req.url).origin)));
  app.notFound((c) => {
    const allowed = METHODS.filter((method) => isRoute(app, method, c.req.path));
    if (allowed.length === 0) return c.json(errorBody("not_found", `there is no ${c.req.method} ${c.req.path}`), 404);
    c.header("Allow", allowed.join(", "));
    const message = `${c.req.path} takes ${allowed.join(", ")}, not ${c.req.method}`;
    return c.json(errorBody("method_not_allowed", message), 405);
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) {
      log("warn", "request.refused", { method: c.req.method, path: c.req.path, code: error.code });
      if (error.retryAfterSeconds !== undefined) c.header("Retry-After", String(error.retryAfterSeconds));
      if (error.code === "issuer_unavailable") c.header("Retry-After", String(REFETCH_COOLDOWN_MS / 1000));
      if (error.code === "unauthorized") c.header("WWW-Authenticate", "Bearer");
      return c.json(errorBody(error.code, error.message, error.details), error.status);
    }
    if (error instanceof StorageFault) {
      log("error", "storage.fault", { method: c.req.method, path: c.req.path, error: error.message });
      c.header("Retry-After", "2");
      return c.json(errorBody("storage_unavailable", "storage does not answer; try again"), 503);
    }
    if (error instanceof UnreadableDeclaration) {
      log("warn", "request.refused", { method: c.req.method, path: c.req.path, code: "unreadable_declaration" });
      return c.json(errorBody("unreadable_declaration", error.message), ERROR_STATUS.unreadable_declaration);
    }
    if (isObjectAway(error)) {
      log("error", "storage.fault", { method: c.req.method, path: c.req.path, error: String(error) });
      c.header("Retry-After", "2");
      return c.json(errorBody("storage_unavailable", OBJECT_AWAY), 503);
    }
    if (error instanceof SettingsError) return c.json(errorBody("not_configured", error.message), 503);
    if (error instanceof HTTPException && error.status === 415)
      return c.json(errorBody("unsupported_media_type", "send JSON with 'Content-Type: application/json'"), 415);
    if (error instanceof HTTPException && error.status < 500)
      return c.json(errorBody("invalid_request", error.message), 400);
    log("error", "request.failed", { method: c.req.method, path: c.req.path, error: String(error) });
    return c.json(errorBody("internal", "something went wrong here; the log has the details"), 500);
  });
  return app;
}
