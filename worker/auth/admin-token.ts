/**
 * Admin tokens: the deployment's own, and those made through the API.
 *
 * @module
 */
import type { TokenScope } from "../contract/identity.ts";
import type { Settings } from "../platform/settings.ts";
import type { Database } from "../store/database.ts";
import { anyToken, findToken, touchToken } from "../store/tokens.ts";
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
    return { kind: "accepted", name: "admin", scopes: ["admin"] };
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
