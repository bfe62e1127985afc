/**
 * Admin tokens in D1; only hashes of their secrets.
 *
 * @module
 */
import { desc, eq, lt } from "drizzle-orm";
import { type Database, reading } from "./database.ts";
import { tokens } from "./schema.ts";

export type TokenRow = typeof tokens.$inferSelect;

/** How often `lastUsedAt` is written for a token in constant use, milliseconds. */
const TOUCH_EVERY = 3_600_000;

export async function findToken(db: Database, hash: string): Promise<TokenRow | undefined> {
  return (await reading(db.select().from(tokens).where(eq(tokens.hash, hash)).limit(1)))[0];
}

export async function findTokenNamed(db: Database, name: string): Promise<TokenRow | undefined> {
  return (await reading(db.select().from(tokens).where(eq(tokens.name, name)).limit(1)))[0];
}

export async function anyToken(db: Database): Promise<boolean> {
  return (await reading(db.select({ name: tokens.name }).from(tokens).limit(1))).length > 0;
}

export async function touchToken(db: Database, token: TokenRow, now: string): Promise<void> {
  if (token.lastUsedAt !== null && Date.parse(now) - Date.parse(token.lastUsedAt) < TOUCH_EVERY) return;
  await reading(db.update(tokens).set({ lastUsedAt: now }).where(eq(tokens.name, token.name)));
}

export async function listTokens(db: Database, limit: number, before?: number): Promise<TokenRow[]> {
  const where = before === undefined ? undefined : lt(tokens.position, before);
  return reading(
    db
      .select()
      .from(tokens)
      .where(where)
      .orderBy(desc(tokens.position))
      .limit(limit + 1),
  );
}

/** False when the name is taken. */
export async function insertToken(db: Database, row: typeof tokens.$inferInsert): Promise<boolean> {
  const inserted = await reading(db.insert(tokens).values(row).onConflictDoNothing().returning({ name: tokens.name }));
  return inserted.length > 0;
}

/** False when there was none. */
export async function deleteToken(db: Database, name: string): Promise<boolean> {
  return (await reading(db.delete(tokens).where(eq(tokens.name, name)).returning({ name: tokens.name }))).length > 0;
}
