/**
 * First answers to requests that may be sent again.
 *
 * @module
 */
import { eq } from "drizzle-orm";
import { type Database, insertRows, reading } from "./database.ts";
import { type Named, prepared } from "./prepared.ts";
import { answers } from "./schema.ts";

export type AnswerRow = typeof answers.$inferSelect;

const byKey = prepared((query, value: Named<"key">) =>
  query
    .select()
    .from(answers)
    .where(eq(answers.key, value("key")))
    .limit(1),
);

export async function findAnswer(db: Database, key: string): Promise<AnswerRow | undefined> {
  return byKey.first(db, { key });
}

/** Keeps an answer given outside of a stack's journal; the first one stays. */
export async function keepAnswer(db: Database, row: typeof answers.$inferInsert): Promise<void> {
  await reading(insertRows(db, answers, [row], "ignore").run());
}

/** Forgets answers older than `before` (ISO 8601): nobody sends a request again after days. */
export async function forgetAnswers(db: Database, before: string): Promise<void> {
  await reading(db.$client.prepare("DELETE FROM answers WHERE at < ?1").bind(before).run());
}
