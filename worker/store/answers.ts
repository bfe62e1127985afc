/**
 * First answers to requests that may be sent again.
 *
 * @module
 */
import { eq } from "drizzle-orm";
import { type Database, insertRow, reading } from "./database.ts";
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
  await reading(insertRow(db, answers, row, "ignore").run());
}

/** Status of a row whose answer is still being made. */
const IN_THE_MAKING = 0;

/**
 * Says that this request makes the answer under the key. Undefined when it may; otherwise what is there:
 * the answer, or none while another request makes it. One that began before `staleBefore` (ISO 8601) is
 * taken to be lost.
 */
export async function reserveAnswer(
  db: Database,
  { key, requestHash, at, staleBefore }: { key: string; requestHash: string; at: string; staleBefore: string },
): Promise<{ requestHash: string; answer?: AnswerRow } | undefined> {
  const reserved = await reading(
    db.$client
      .prepare(
        `INSERT INTO answers (key, request_hash, status, body, at) VALUES (?1, ?2, ${IN_THE_MAKING}, 'null', ?3)
         ON CONFLICT (key) DO UPDATE SET at = excluded.at
         WHERE status = ${IN_THE_MAKING} AND at < ?4 AND request_hash = excluded.request_hash`,
      )
      .bind(key, requestHash, at, staleBefore)
      .run(),
  );
  if (reserved.meta.changes > 0) return undefined;
  const row = await findAnswer(db, key);
  // Let go of in between: whoever asks next may have it.
  if (row === undefined) return { requestHash };
  return row.status === IN_THE_MAKING
    ? { requestHash: row.requestHash }
    : { requestHash: row.requestHash, answer: row };
}

/** Puts the answer where it was reserved; without one the key is free again. */
export async function settleAnswer(
  db: Database,
  key: string,
  answer: Pick<AnswerRow, "status" | "body"> | undefined,
): Promise<void> {
  const change =
    answer === undefined
      ? db.$client.prepare(`DELETE FROM answers WHERE key = ?1 AND status = ${IN_THE_MAKING}`).bind(key)
      : db.$client
          .prepare(`UPDATE answers SET status = ?2, body = ?3 WHERE key = ?1 AND status = ${IN_THE_MAKING}`)
          .bind(key, answer.status, JSON.stringify(answer.body));
  await reading(change.run());
}

/** Forgets answers older than `before` (ISO 8601): nobody sends a request again after days. */
export async function forgetAnswers(db: Database, before: string): Promise<void> {
  await reading(db.$client.prepare("DELETE FROM answers WHERE at < ?1").bind(before).run());
}
