/**
 * `/runners` and `/tokens`: who may do Git work, and who may use this API. Secrets are shown once.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { runnerSecret } from "../auth/derived-keys.ts";
import { sha256Hex, toHex } from "../auth/digest.ts";
import { Runner, RunnerCreated, RunnerInput, Token, TokenCreated, TokenInput } from "../contract/identity.ts";
import { Name } from "../contract/primitives.ts";
import { deleteRunner, insertRunner, listRunners, type RunnerRow } from "../store/runners.ts";
import { deleteToken, insertToken, listTokens, type TokenRow } from "../store/tokens.ts";
import {
  ApiError,
  type AppEnv,
  decodeCursor,
  json,
  jsonBody,
  ListQuery,
  page,
  refusals,
  router,
  scope,
} from "./http.ts";

const params = z.object({ name: Name });

export const identitiesApi = router();

identitiesApi.openapi(
  createRoute({
    method: "get",
    path: "/runners",
    middleware: [scope("read")] as const,
    request: { query: ListQuery },
    responses: {
      200: json(z.object({ runners: z.array(Runner), nextCursor: z.string().optional() }), "Runners, newest first"),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { rows, ...more } = page(await listRunners(c.var.db, limit, decodeCursor(cursor)), limit);
    return c.json({ runners: rows.map(runnerView), ...more }, 200);
  },
);

identitiesApi.openapi(
  createRoute({
    method: "post",
    path: "/runners",
    middleware: [scope("admin")] as const,
    request: { body: jsonBody(RunnerInput) },
    responses: { 201: json(RunnerCreated, "Registered; the secret is shown this once"), ...refusals },
  }),
  async (c) => {
    return c.json(await registerRunner(c, c.req.valid("json")), 201);
  },
);

identitiesApi.openapi(
  createRoute({
    method: "delete",
    path: "/runners/{name}",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: { 204: { description: "Its secret is worth nothing from now on" }, ...refusals },
  }),
  async (c) => {
    await removeRunner(c, c.req.valid("param").name);
    return c.body(null, 204);
  },
);

identitiesApi.openapi(
  createRoute({
    method: "get",
    path: "/tokens",
    middleware: [scope("admin")] as const,
    request: { query: ListQuery },
    responses: {
      200: json(z.object({ tokens: z.array(Token), nextCursor: z.string().optional() }), "Tokens, newest first"),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { rows, ...more } = page(await listTokens(c.var.db, limit, decodeCursor(cursor)), limit);
    return c.json({ tokens: rows.map(tokenView), ...more }, 200);
  },
);

identitiesApi.openapi(
  createRoute({
    method: "post",
    path: "/tokens",
    middleware: [scope("admin")] as const,
    request: { body: jsonBody(TokenInput) },
    responses: { 201: json(TokenCreated, "Made; the secret is shown this once"), ...refusals },
  }),
  async (c) => {
    return c.json(await makeToken(c, c.req.valid("json")), 201);
  },
);

identitiesApi.openapi(
  createRoute({
    method: "delete",
    path: "/tokens/{name}",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: { 204: { description: "Its secret is worth nothing from now on" }, ...refusals },
  }),
  async (c) => {
    await removeToken(c, c.req.valid("param").name);
    return c.body(null, 204);
  },
);

/** Registers a runner: by the API or the console. The secret is in this answer and nowhere else. */
export async function registerRunner(c: Context<AppEnv>, { name, labels }: z.infer<typeof RunnerInput>) {
  const { signingKey } = c.var.settings;
  if (signingKey === undefined)
    throw new ApiError("not_configured", "runners cannot be registered: set the secret PATCH_SIGNING_KEY");
  const row = { name, labels, keyId: crypto.randomUUID(), createdAt: new Date().toISOString() };
  if (!(await insertRunner(c.var.db, row)))
    throw new ApiError("conflict", `runner '${name}' is registered; delete it first to give it a new secret`);
  const runner = runnerView({ ...row, position: 0, version: null, lastSeenAt: null });
  return { runner, secret: await runnerSecret(signingKey, name, row.keyId) };
}

export async function removeRunner(c: Context<AppEnv>, name: string): Promise<void> {
  if (!(await deleteRunner(c.var.db, name))) throw new ApiError("not_found", `there is no runner '${name}'`);
}

/** Makes a token: by the API or the console. The secret is in this answer and nowhere else. */
export async function makeToken(c: Context<AppEnv>, input: z.infer<typeof TokenInput>) {
  const { name, scopes, expiresAt } = input;
  // The deployment's own token goes by this name on timelines.
  if (name === "admin") throw new ApiError("conflict", "'admin' is the deployment's own token");
  const secret = `pmt_${toHex(crypto.getRandomValues(new Uint8Array(32)))}`;
  const hash = await sha256Hex(secret);
  const row = { name, scopes, expiresAt: expiresAt ?? null, createdAt: new Date().toISOString(), hash };
  if (!(await insertToken(c.var.db, row)))
    throw new ApiError("conflict", `token '${name}' exists; delete it first to make a new secret`);
  return { token: tokenView({ ...row, position: 0, lastUsedAt: null }), secret };
}

export async function removeToken(c: Context<AppEnv>, name: string): Promise<void> {
  if (!(await deleteToken(c.var.db, name))) throw new ApiError("not_found", `there is no token '${name}'`);
}

export function runnerView({ name, labels, createdAt, lastSeenAt, version }: RunnerRow): Runner {
  return { name, labels, createdAt, lastSeenAt: lastSeenAt ?? undefined, version: version ?? undefined };
}

export function tokenView({ name, scopes, createdAt, expiresAt, lastUsedAt }: TokenRow): Token {
  return { name, scopes, createdAt, expiresAt: expiresAt ?? undefined, lastUsedAt: lastUsedAt ?? undefined };
}
