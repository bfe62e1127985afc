/**
 * First answers to requests that may be sent again.
 *
 * @module
 */
import { eq, lt } from "drizzle-orm";
import { type Database, reading } from "./database.ts";
import { answers } from "./schema.ts";

export type AnswerRow = typeof answers.$inferSelect;

export async function findAnswer(db: Database, key: string): Promise<AnswerRow | undefined> {
  return (await reading(db.select().from(answers).where(eq(answers.key, key)).limit(1)))[0];
}

/** Keeps an answer given outside of a stack's journal; the first one stays. */
export async function keepAnswer(db: Database, row: typeof answers.$inferInsert): Promise<void> {
  await reading(db.insert(answers).values(row).onConflictDoNothing());
}

/** Forgets answers older than `before` (ISO 8601): nobody sends a request again after days. */
export async function forgetAnswers(db: Database, before: string): Promise<void> {
  await reading(db.delete(answers).where(lt(answers.at, before)));
}
