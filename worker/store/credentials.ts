/**
 * Credentials in D1; their values only sealed.
 *
 * @module
 */
import { and, asc, desc, eq, gt, isNull, lt, ne, or } from "drizzle-orm";
import type { CredentialKind } from "../contract/credential.ts";
import { type Database, inList, reading } from "./database.ts";
import { credentials } from "./schema.ts";

export type CredentialRow = typeof credentials.$inferSelect;

export async function findCredential(db: Database, name: string): Promise<CredentialRow | undefined> {
  return (await reading(db.select().from(credentials).where(eq(credentials.name, name)).limit(1)))[0];
}

/** Credentials for a host, of any of these kinds; two at most, since more than one is one too many. */
export async function credentialsFor(
  db: Database,
  host: string,
  kinds: readonly CredentialKind[],
): Promise<CredentialRow[]> {
  const where = and(eq(credentials.host, host), inList(credentials.kind, kinds));
  return reading(db.select().from(credentials).where(where).limit(2));
}

export async function listCredentials(db: Database, limit: number, before?: number): Promise<CredentialRow[]> {
  const where = before === undefined ? undefined : lt(credentials.position, before);
  return reading(
    db
      .select()
      .from(credentials)
      .where(where)
      .orderBy(desc(credentials.position))
      .limit(limit + 1),
  );
}

/** Credentials that another key than the one given seals, oldest first, behind `after`. */
export async function sealedOtherwise(
  db: Database,
  keyId: string,
  after: number,
  limit: number,
): Promise<CredentialRow[]> {
  const where = and(ne(credentials.keyId, keyId), gt(credentials.position, after));
  return reading(db.select().from(credentials).where(where).orderBy(asc(credentials.position)).limit(limit));
}

/** False when the name is taken. */
export async function insertCredential(db: Database, row: typeof credentials.$inferInsert): Promise<boolean> {
  const inserted = await reading(
    db.insert(credentials).values(row).onConflictDoNothing().returning({ name: credentials.name }),
  );
  return inserted.length > 0;
}

/** Replaces the seal of the very row that was read: not of one that was added anew meanwhile. */
export async function replaceSeal(
  db: Database,
  row: CredentialRow,
  change: Pick<CredentialRow, "keyId" | "sealed">,
): Promise<void> {
  const where = and(eq(credentials.position, row.position), eq(credentials.sealed, row.sealed));
  await reading(db.update(credentials).set(change).where(where));
}

/** Notes until when a forge takes no more requests with it, ISO 8601; never a time before the one that is noted. */
export async function limitCredential(db: Database, name: string, until: string): Promise<void> {
  const later = or(isNull(credentials.limitedUntil), lt(credentials.limitedUntil, until));
  await reading(
    db
      .update(credentials)
      .set({ limitedUntil: until })
      .where(and(eq(credentials.name, name), later)),
  );
}

/** False when there was none. */
export async function deleteCredential(db: Database, name: string): Promise<boolean> {
  const deleted = await reading(
    db.delete(credentials).where(eq(credentials.name, name)).returning({ name: credentials.name }),
  );
  return deleted.length > 0;
}
