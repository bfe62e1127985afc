/**
 * `/runners` and `/tokens`: who may do Git work, and who may use this API. Secrets are shown once.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { newKeyId, runnerSecret } from "../auth/derived-keys.ts";
import { sha256Hex, toHex } from "../auth/digest.ts";
import {
  DEPLOYMENT_TOKEN,
  Runner,
  RunnerCreated,
  RunnerInput,
  Token,
  TokenCreated,
  TokenInput,
} from "../contract/identity.ts";
import { Name } from "../contract/primitives.ts";
import type { Settings } from "../platform/settings.ts";
import { deleteRunner, insertRunner, listRunners, type RunnerRow, rotateRunner } from "../store/runners.ts";
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
import { withinQuota } from "./quota.ts";

const params = z.object({ name: Name });

/** How long a rotated secret stays good: time to bring the new one to where the runner is. */
const PREVIOUS_SECRET_MS = 24 * 3_600_000;

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
    method: "post",
    path: "/runners/{name}/rotate",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: {
      200: json(RunnerCreated, "Its new secret, shown this once; the one before is good for 24 hours more"),
      ...refusals,
    },
  }),
  async (c) => {
    return c.json(await rotateSecret(c, c.req.valid("param").name), 200);
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
  const signingKey = runnersKey(c.var.settings);
  await withinQuota(c.var, "runners");
  const row = { name, labels, keyId: await newKeyId(signingKey), createdAt: new Date().toISOString() };
  if (!(await insertRunner(c.var.db, row)))
    throw new ApiError("conflict", `runner '${name}' is registered; rotate its secret to get a new one`);
  const unused = { position: 0, version: null, lastSeenAt: null, previousKeyId: null, previousUntil: null };
  const runner = runnerView({ ...row, ...unused });
  return { runner, secret: await runnerSecret(signingKey, name, row.keyId) };
}

/** Gives a runner a new secret: by the API or the console. It is in this answer and nowhere else. */
export async function rotateSecret(c: Context<AppEnv>, name: string) {
  const signingKey = runnersKey(c.var.settings);
  const until = new Date(Date.now() + PREVIOUS_SECRET_MS).toISOString();
  const row = await rotateRunner(c.var.db, name, await newKeyId(signingKey), until);
  if (row === undefined) throw new ApiError("not_found", `there is no runner '${name}'`);
  return { runner: runnerView(row), secret: await runnerSecret(signingKey, name, row.keyId) };
}

export async function removeRunner(c: Context<AppEnv>, name: string): Promise<void> {
  if (!(await deleteRunner(c.var.db, name))) throw new ApiError("not_found", `there is no runner '${name}'`);
}

/** Makes a token: by the API or the console. The secret is in this answer and nowhere else. */
export async function makeToken(c: Context<AppEnv>, input: z.infer<typeof TokenInput>) {
  const { name, scopes, expiresAt } = input;
  if (name === DEPLOYMENT_TOKEN) throw new ApiError("conflict", `'${name}' is the deployment's own token`);
  await withinQuota(c.var, "tokens");
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

/** The key that runners' secrets are derived from. */
function runnersKey({ signingKey }: Settings): string {
  if (signingKey === undefined)
    throw new ApiError("not_configured", "runners cannot be given a secret: set the secret PATCH_SIGNING_KEY");
  return signingKey;
}

export function runnerView({ name, labels, createdAt, lastSeenAt, version, previousUntil }: RunnerRow): Runner {
  return {
    name,
    labels,
    createdAt,
    lastSeenAt: lastSeenAt ?? undefined,
    version: version ?? undefined,
    previousSecretUntil:
      previousUntil === null || previousUntil <= new Date().toISOString() ? undefined : previousUntil,
  };
}

export function tokenView({ name, scopes, createdAt, expiresAt, lastUsedAt }: TokenRow): Token {
  return { name, scopes, createdAt, expiresAt: expiresAt ?? undefined, lastUsedAt: lastUsedAt ?? undefined };
}
