/**
 * Admin tokens: the deployment's own, and those made through the API.
 *
 * @module
 */
import { DEPLOYMENT_TOKEN, type TokenScope } from "../contract/identity.ts";
import type { Settings } from "../platform/settings.ts";
import type { Database } from "../store/database.ts";
import { anyToken, findToken, findTokenNamed, touchToken } from "../store/tokens.ts";
import { sameSecret, sha256Hex } from "./digest.ts";

export type TokenVerdict =
  | { kind: "accepted"; name: string; scopes: readonly TokenScope[] }
  /** No token exists at all: nobody may, and an operator must be told how to change that. */
  | { kind: "not_configured" }
  | { kind: "refused" };

/** Reads `Authorization: Bearer` or `X-Patch-Admin-Token`. */
export function presentedToken(headers: Headers): string | undefined {
  const bearer = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.get("authorization") ?? "");
  return bearer?.[1] ?? headers.get("x-patch-admin-token") ?? undefined;
}

/**
 * The token of this name as it stands now, for a session that was opened with it; undefined when it is no
 * more or has expired. `hash` is that of its secret. `now` as ISO 8601.
 */
export async function currentToken(
  name: string,
  settings: Settings,
  db: Database,
  now: string,
): Promise<{ hash: string; scopes: readonly TokenScope[] } | undefined> {
  if (name === DEPLOYMENT_TOKEN)
    return settings.adminToken === undefined
      ? undefined
      : { hash: await sha256Hex(settings.adminToken), scopes: ["admin"] };
  const token = await findTokenNamed(db, name);
  return token === undefined || (token.expiresAt !== null && token.expiresAt <= now) ? undefined : token;
}

/** Who the presented token is. `now` as ISO 8601. */
export async function verifyAdminToken(
  presented: string | undefined,
  settings: Settings,
  db: Database,
  now: string,
): Promise<TokenVerdict> {
  if (
    settings.adminToken !== undefined &&
    presented !== undefined &&
    (await sameSecret(presented, settings.adminToken))
  )
    return { kind: "accepted", name: DEPLOYMENT_TOKEN, scopes: ["admin"] };
  if (presented !== undefined) {
    const token = await findToken(db, await sha256Hex(presented));
    if (token !== undefined && (token.expiresAt === null || token.expiresAt > now)) {
      await touchToken(db, token, now);
      return { kind: "accepted", name: token.name, scopes: token.scopes };
    }
  }
  if (settings.adminToken === undefined && !(await anyToken(db))) return { kind: "not_configured" };
  return { kind: "refused" };
}
