/**
 * Signing keys of OIDC issuers in D1, so that all isolates share one cache and one cooldown.
 *
 * @module
 */
import { eq, lte } from "drizzle-orm";
import { type Database, reading } from "./database.ts";
import { issuerKeys, usedTokens } from "./schema.ts";

export type IssuerKeysRow = typeof issuerKeys.$inferSelect;

export async function findIssuerKeys(db: Database, issuer: string): Promise<IssuerKeysRow | undefined> {
  return (await reading(db.select().from(issuerKeys).where(eq(issuerKeys.issuer, issuer)).limit(1)))[0];
}

/** Takes the right to ask the issuer now; false when somebody did so after `before`. */
export async function claimKeyFetch(db: Database, issuer: string, now: string, before: string): Promise<boolean> {
  const claimed = await reading(
    db
      .insert(issuerKeys)
      .values({ issuer, triedAt: now })
      .onConflictDoUpdate({
        target: issuerKeys.issuer,
        set: { triedAt: now },
        setWhere: lte(issuerKeys.triedAt, before),
      })
      .returning({ issuer: issuerKeys.issuer }),
  );
  return claimed.length > 0;
}

export async function storeIssuerKeys(db: Database, issuer: string, keys: unknown, now: string): Promise<void> {
  await reading(db.update(issuerKeys).set({ keys, fetchedAt: now }).where(eq(issuerKeys.issuer, issuer)));
}

/** Uses a token for a claim. False when it was used for another one. */
export async function useToken(
  db: Database,
  token: { id: string; claim: string; expiresAt: string },
): Promise<boolean> {
  const used = await reading(
    db.insert(usedTokens).values(token).onConflictDoNothing().returning({ id: usedTokens.id }),
  );
  if (used.length > 0) return true;
  const [before] = await reading(db.select().from(usedTokens).where(eq(usedTokens.id, token.id)).limit(1));
  return before?.claim === token.claim;
}

/** Forgets tokens that would be refused for their age by now. */
export async function forgetTokens(db: Database, now: string): Promise<void> {
  await reading(db.$client.prepare("DELETE FROM used_tokens WHERE expires_at <= ?1").bind(now).run());
}
