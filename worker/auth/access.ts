/**
 * Cloudflare Access in front of the console: who the signed assertion of its application says is there.
 *
 * The team and the application's audience are the deployment's; nothing in the assertion chooses what it is
 * checked against.
 *
 * @module
 */
import { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Outbound } from "../platform/outbound-fetch.ts";
import type { AccessSettings } from "../platform/settings.ts";
import type { Database } from "../store/database.ts";
import { issuerKeySet } from "./oidc/issuer-keys.ts";

const ALGORITHMS = ["RS256", "ES256"];

/** How far clocks may differ, seconds. */
const SKEW_SECONDS = 30;

/** The header that Access adds to every request it lets through. */
export const ACCESS_HEADER = "cf-access-jwt-assertion";

export type AccessVerdict =
  | { kind: "accepted"; email: string; subject: string }
  | { kind: "refused"; why: string }
  /** It cannot be said now. */
  | { kind: "unavailable"; why: string };

const Claims = z.object({
  email: z.email().max(254),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string())]),
});

/** Checks an assertion. `now` in milliseconds. */
export async function verifyAccess(
  assertion: string,
  settings: AccessSettings,
  { db, outbound, now }: { db: Database; outbound: Outbound; now: number },
): Promise<AccessVerdict> {
  const kid = keyId(assertion);
  if (kid === undefined) return { kind: "refused", why: "no accepted algorithm, or no key id" };
  const certificates = `${settings.team}/cdn-cgi/access/certs`;
  const keys = await issuerKeySet(db, outbound, settings.team, kid, now, certificates);
  if (!keys.ok)
    return { kind: keys.failure.reason === "unavailable" ? "unavailable" : "refused", why: keys.failure.message };
  try {
    const { payload } = await jwtVerify(assertion, createLocalJWKSet(keys.value), {
      algorithms: ALGORITHMS,
      issuer: settings.team,
      audience: settings.audience,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ["exp", "iat", "aud", "iss", "sub"],
    });
    const claims = Claims.safeParse(payload);
    // A service token has no address, and one made for several applications could come from any of them.
    if (!claims.success || (Array.isArray(claims.data.aud) && claims.data.aud.length !== 1))
      return { kind: "refused", why: "it names no person of this application alone" };
    return { kind: "accepted", email: claims.data.email.toLowerCase(), subject: claims.data.sub };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { kind: "refused", why: `${error.code}: ${error.message}` };
    return { kind: "unavailable", why: `the key '${kid}' of ${settings.team} cannot be used: ${String(error)}` };
  }
}

/** Id of the key, when the header is one that may be looked at at all. */
function keyId(assertion: string): string | undefined {
  if (assertion.length > 16_384) return undefined;
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    return ALGORITHMS.includes(alg ?? "") && kid !== undefined && kid.length <= 256 ? kid : undefined;
  } catch {
    return undefined;
  }
}
