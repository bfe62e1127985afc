/**
 * `/credentials`: what the edge acts with on forges and workspace backends. Values go in, never out.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { type AddFailure, addCredential, resealCredentials } from "../auth/credential.ts";
import { Credential, CredentialInput, Resealed } from "../contract/credential.ts";
import type { ErrorCode } from "../contract/error.ts";
import { Name } from "../contract/primitives.ts";
import { type CredentialRow, deleteCredential, listCredentials } from "../store/credentials.ts";
import { ApiError, decodeCursor, json, jsonBody, ListQuery, page, refusals, router, scope } from "./http.ts";

export const credentialsApi = router();

credentialsApi.openapi(
  createRoute({
    method: "get",
    path: "/credentials",
    middleware: [scope("admin")] as const,
    request: { query: ListQuery },
    responses: {
      200: json(
        z.object({ credentials: z.array(Credential), nextCursor: z.string().optional() }),
        "Credentials without their values, newest first",
      ),
      ...refusals,
    },
  }),
  async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { rows, ...more } = page(await listCredentials(c.var.db, limit, decodeCursor(cursor)), limit);
    return c.json({ credentials: rows.map(credentialView), ...more }, 200);
  },
);

credentialsApi.openapi(
  createRoute({
    method: "post",
    path: "/credentials",
    middleware: [scope("admin")] as const,
    request: { body: jsonBody(CredentialInput) },
    responses: {
      201: json(z.object({ credential: Credential }), "Kept; its value is never shown again"),
      ...refusals,
    },
  }),
  async (c) => {
    const added = await addCredential(c.var.db, c.var.settings, c.req.valid("json"), new Date().toISOString());
    if (!added.ok) throw refusalOf(added.failure);
    return c.json({ credential: credentialView(added.value) }, 201);
  },
);

credentialsApi.openapi(
  createRoute({
    method: "post",
    path: "/credentials/reseal",
    middleware: [scope("admin")] as const,
    responses: { 200: json(Resealed, "What an older key sealed is sealed with the newest"), ...refusals },
  }),
  async (c) => {
    const resealed = await resealCredentials(c.var.db, c.var.settings);
    if (!resealed.ok) throw refusalOf(resealed.failure);
    return c.json(resealed.value, 200);
  },
);

credentialsApi.openapi(
  createRoute({
    method: "delete",
    path: "/credentials/{name}",
    middleware: [scope("admin")] as const,
    request: { params: z.object({ name: Name }) },
    // Never refused for being in use: who takes back a leaked credential must not have to argue.
    responses: { 204: { description: "Gone; stacks that use it are blocked until there is another" }, ...refusals },
  }),
  async (c) => {
    const { name } = c.req.valid("param");
    if (!(await deleteCredential(c.var.db, name))) throw new ApiError("not_found", `there is no credential '${name}'`);
    return c.body(null, 204);
  },
);

const CODES: Record<AddFailure["code"], ErrorCode> = {
  no_sealing_key: "not_configured",
  name_taken: "conflict",
  bad_private_key: "invalid_request",
};

function refusalOf(failure: AddFailure): ApiError {
  return new ApiError(CODES[failure.code], failure.message);
}

function credentialView(row: CredentialRow): Credential {
  const { name, kind, host, appId, installationId, keyId, limitedUntil, createdAt } = row;
  const limited = limitedUntil !== null && limitedUntil > new Date().toISOString();
  return {
    name,
    kind,
    host,
    keyId,
    createdAt,
    appId: appId ?? undefined,
    installationId: installationId ?? undefined,
    ...(limited ? { limitedUntil } : {}),
  };
}
