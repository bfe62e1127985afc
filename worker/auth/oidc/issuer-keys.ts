/**
 * The keys an issuer signs with: discovered, cached, and asked for no more than once a minute,
 * whatever keys tokens name.
 *
 * @module
 */
import { z } from "zod";
import { type Outbound, outboundFetch } from "../../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../../platform/result.ts";
import type { Database } from "../../store/database.ts";
import { claimKeyFetch, findIssuerKeys, storeIssuerKeys } from "../../store/issuer-keys.ts";

/** Least time between two requests to one issuer, milliseconds. */
export const REFETCH_COOLDOWN_MS = 60_000;

/** Older keys are asked for again, so that one which the issuer withdrew goes. */
const FRESH_MS = 3_600_000;

/** An issuer that cannot be reached is trusted by its last keys for this long. */
const STALE_MS = 24 * 3_600_000;

const MAX_DOCUMENT_BYTES = 256 * 1024;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Public members only, of the two kinds whose algorithms are accepted. */
const SigningKey = z.union([
  z.object({ kty: z.literal("RSA"), kid: z.string().min(1), n: z.string(), e: z.string() }),
  z.object({ kty: z.literal("EC"), kid: z.string().min(1), crv: z.literal("P-256"), x: z.string(), y: z.string() }),
]);
const KeySet = z.object({ keys: z.array(SigningKey).max(100) });
export type KeySet = z.infer<typeof KeySet>;

/** As an issuer writes it: keys for other uses and of other kinds may stand among them. */
const PublishedKeySet = z.object({ keys: z.array(z.looseObject({ use: z.unknown() })).max(100) });

export type KeysFailure = { reason: "unknown_key" | "unavailable"; message: string };

/**
 * The issuer's keys, the one with this id among them. `keysAt` is where they are, of an issuer that does not
 * tell it by discovery.
 */
export async function issuerKeySet(
  db: Database,
  outbound: Outbound,
  issuer: string,
  kid: string,
  now: number,
  keysAt?: string,
): Promise<Result<KeySet, KeysFailure>> {
  const row = await findIssuerKeys(db, issuer);
  const cached = KeySet.safeParse(row?.keys).data;
  const age = now - Date.parse(row?.fetchedAt ?? "");
  if (cached !== undefined && age < FRESH_MS && hasKey(cached, kid)) return ok(cached);
  const usable = cached !== undefined && age < STALE_MS ? cached : undefined;
  const [at, before] = [now, now - REFETCH_COOLDOWN_MS].map((ms) => new Date(ms).toISOString());
  if (at === undefined || before === undefined || !(await claimKeyFetch(db, issuer, at, before)))
    return withKey(usable, kid, "its keys were asked for less than a minute ago, without success");
  const address = keysAt === undefined ? await discover(issuer, outbound) : ok(keysAt);
  const fetched = address.ok ? await fetchKeys(address.value, outbound) : address;
  if (!fetched.ok) return withKey(usable, kid, fetched.failure);
  await storeIssuerKeys(db, issuer, fetched.value, at);
  return withKey(fetched.value, kid, "");
}

function withKey(keys: KeySet | undefined, kid: string, why: string): Result<KeySet, KeysFailure> {
  if (keys === undefined) return fail({ reason: "unavailable", message: why });
  return hasKey(keys, kid) ? ok(keys) : fail({ reason: "unknown_key", message: "the issuer has no such key" });
}

const hasKey = ({ keys }: KeySet, kid: string): boolean => keys.some((key) => key.kid === kid);

async function discover(issuer: string, outbound: Outbound): Promise<Result<string, string>> {
  const discovered = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, outbound);
  if (!discovered.ok) return discovered;
  const discovery = Discovery.safeParse(discovered.value).data;
  if (discovery?.issuer !== issuer) return fail("its openid-configuration names another issuer");
  if (new URL(discovery.jwks_uri).origin !== new URL(issuer).origin)
    return fail(`its keys are said to be at another origin, ${discovery.jwks_uri}`);
  return ok(discovery.jwks_uri);
}

async function fetchKeys(address: string, outbound: Outbound): Promise<Result<KeySet, string>> {
  const published = await fetchJson(address, outbound);
  if (!published.ok) return published;
  const set = PublishedKeySet.safeParse(published.value);
  if (!set.success) return fail(`${address} is no JSON Web Key Set`);
  const signing = set.data.keys.filter(({ use }) => use === undefined || use === "sig");
  return ok({ keys: signing.flatMap((key) => SigningKey.safeParse(key).data ?? []) });
}

async function fetchJson(url: string, outbound: Outbound): Promise<Result<unknown, string>> {
  const request = { headers: { accept: "application/json" }, timeoutMs: 10_000, maxBytes: MAX_DOCUMENT_BYTES };
  const answer = await outboundFetch(url, request, outbound);
  if (!answer.ok) return fail(`${url}: ${answer.failure.message}`);
  // A redirect must not do what `jwks_uri` may not.
  if (new URL(answer.value.url).origin !== new URL(url).origin)
    return fail(`${url} leads to another origin, ${answer.value.url}`);
  try {
    return ok(
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(answer.value.body)) as unknown,
    );
  } catch {
    return fail(`${url} is not JSON`);
  }
}
