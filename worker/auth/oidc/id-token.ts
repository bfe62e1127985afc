/**
 * Whether a forge job's ID token may claim a stack's attempt.
 *
 * Nothing in the token chooses what it is checked against: issuer, audience and pins are the stack's
 * and the deployment's, keys come from the pinned issuer, and only two algorithms count.
 *
 * @module
 */
import { createLocalJWKSet, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { ForgeIdentity } from "../../contract/forge-identity.ts";
import type { Outbound } from "../../platform/outbound-fetch.ts";
import type { Database } from "../../store/database.ts";
import { sha256Hex } from "../digest.ts";
import { readForgejo } from "./forgejo.ts";
import { readGithub } from "./github.ts";
import { readGitlab } from "./gitlab.ts";
import { issuerKeySet } from "./issuer-keys.ts";
import type { JobFacts, ReadJobFacts } from "./job-facts.ts";

const ALGORITHMS = ["RS256", "ES256"];

/** How far clocks may differ, seconds. */
const SKEW_SECONDS = 30;

/** Tokens are made for one job and used at its start; GitLab's live as long as the job may. */
const MAX_AGE_SECONDS = 3600;

const READERS: Readonly<Record<ForgeIdentity["forge"], ReadJobFacts>> = {
  github: readGithub,
  forgejo: readForgejo,
  gitlab: readGitlab,
};

export type TokenVerdict =
  | { kind: "accepted"; facts: JobFacts; token: { id: string; expiresAt: string } }
  /** Whoever this is, it is not proven. */
  | { kind: "unauthenticated"; why: string }
  /** A job of that issuer, but not the one that the stack trusts. */
  | { kind: "forbidden"; why: string }
  /** It cannot be said now. */
  | { kind: "unavailable"; why: string };

export type TokenContext = {
  db: Database;
  outbound: Outbound;
  /** Whom tokens must be made for: this deployment's origin. */
  audience: string;
  /** Milliseconds since the epoch. */
  now: number;
};

/** The token of `Authorization: Bearer`, where it looks like one; undefined otherwise. */
export function presentedIdToken(headers: Headers): string | undefined {
  const header = headers.get("authorization") ?? "";
  if (header.length > 16_384) return undefined;
  return /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i.exec(header)?.[1];
}

export async function verifyIdToken(token: string, pins: ForgeIdentity, context: TokenContext): Promise<TokenVerdict> {
  const kid = keyId(token);
  if (kid === undefined) return { kind: "unauthenticated", why: "no accepted algorithm, or no key id" };
  const keys = await issuerKeySet(context.db, context.outbound, pins.issuer, kid, context.now);
  if (!keys.ok && keys.failure.reason === "unavailable")
    return { kind: "unavailable", why: `the keys of ${pins.issuer}: ${keys.failure.message}` };
  if (!keys.ok) return { kind: "unauthenticated", why: keys.failure.message };
  let claims: JWTPayload;
  try {
    const verified = await jwtVerify(token, createLocalJWKSet(keys.value), {
      algorithms: ALGORITHMS,
      issuer: pins.issuer,
      audience: context.audience,
      clockTolerance: SKEW_SECONDS,
      maxTokenAge: MAX_AGE_SECONDS,
      currentDate: new Date(context.now),
      requiredClaims: ["exp", "iat", "aud", "iss"],
    });
    claims = verified.payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return { kind: "unauthenticated", why: `${error.code}: ${error.message}` };
    // What the issuer published under this id is no key that the platform takes.
    return { kind: "unavailable", why: `the key '${kid}' of ${pins.issuer} cannot be used: ${String(error)}` };
  }
  // One made for several could be sent on to us by any of the others.
  if (Array.isArray(claims.aud) && claims.aud.length !== 1)
    return { kind: "unauthenticated", why: "made for several audiences" };
  const facts = READERS[pins.forge](claims);
  if (facts === undefined) return { kind: "forbidden", why: `its claims are not those of a ${pins.forge} job` };
  const differs = mismatch(facts, pins);
  if (differs !== undefined) return { kind: "forbidden", why: differs };
  return { kind: "accepted", facts, token: await tokenUse(token, claims, context.now) };
}

/** Id of the key, when the header is one that may be looked at at all. */
function keyId(token: string): string | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return ALGORITHMS.includes(alg ?? "") && kid !== undefined && kid.length <= 256 ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** The first pin that a job does not meet. */
function mismatch(facts: JobFacts, pins: ForgeIdentity): string | undefined {
  for (const name of ["repositoryId", "ownerId", "workflowRef"] as const)
    if (facts[name] !== pins[name]) return `${name} is '${facts[name]}'`;
  if (!pins.events.includes(facts.event)) return `event is '${facts.event}'`;
  if (pins.runnerEnvironment !== undefined && facts.runnerEnvironment !== pins.runnerEnvironment)
    return `runnerEnvironment is '${facts.runnerEnvironment}'`;
  return undefined;
}

/** What a token is remembered by. Where a forge gives none a `jti`, the signed part names it as well. */
async function tokenUse(token: string, claims: JWTPayload, now: number): Promise<{ id: string; expiresAt: string }> {
  const name = claims.jti ?? token.slice(0, token.lastIndexOf("."));
  const ends = Math.min(claims.exp ?? Number.POSITIVE_INFINITY, now / 1000 + MAX_AGE_SECONDS);
  return {
    id: await sha256Hex(JSON.stringify([claims.iss, name])),
    expiresAt: new Date((ends + 2 * SKEW_SECONDS) * 1000).toISOString(),
  };
}
