/**
 * The last line of a stack or a source that is restored: from here on it is at work.
 *
 * @module
 */
import { getTableName } from "drizzle-orm";
import { type Database, reading, type Statement } from "./database.ts";
import { KINDS, type Plan } from "./record-kinds.ts";
import { toldValue } from "./record-line.ts";

/** What is not there of a stack; undefined when its journal and its attempts are whole. */
export async function lackingOf(
  db: Database,
  id: string,
  { journalSeq, attemptCount }: Record<string, unknown>,
): Promise<string | undefined> {
  const counted = await reading(
    db.$client
      .prepare(
        `SELECT (SELECT count(*) FROM journal WHERE stack_id = ?1) AS facts,
           (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM journal WHERE stack_id = ?1) AS span,
           (SELECT coalesce(max(seq), 0) FROM journal WHERE stack_id = ?1) AS last,
           (SELECT coalesce(max(number), 0) FROM maintenance_attempts WHERE stack_id = ?1) AS attempts`,
      )
      .bind(id)
      .first<{ facts: number; span: number; last: number; attempts: number }>(),
  );
  if (counted === null) return undefined;
  if (counted.facts !== counted.span) return `stack '${id}' has gaps in its journal`;
  if (counted.last !== journalSeq)
    return `stack '${id}' has its journal up to ${counted.last} of ${String(journalSeq)}`;
  if (counted.attempts !== attemptCount)
    return `stack '${id}' has attempts up to ${counted.attempts} of ${String(attemptCount)}`;
  return undefined;
}

/** What puts a stack or a source to work, as one: its own row, who brought it, and the end of its restoration. */
export function standingStatements(
  db: Database,
  by: { id: string; now: string },
  kind: "stack_standing" | "source_standing",
  id: string,
  record: Record<string, unknown>,
): Statement[] {
  const { table, columns } = KINDS[kind];
  const values: unknown[] = [];
  const sets = columns
    .filter(([property]) => property !== "id")
    .map(([property, column]) => {
      const value = toldValue(record, property, column);
      values.push(value === null ? null : column.mapToDriverValue(value));
      return `"${column.name}" = ?${values.length + 1}`;
    });
  const prepare = (text: string, ...bound: unknown[]): Statement => db.$client.prepare(text).bind(...bound);
  return [
    prepare(`UPDATE "${getTableName(table)}" SET ${sets.join(", ")} WHERE "id" = ?1`, id, ...values),
    // In the same commit: what stands says who brought it.
    ...(kind === "stack_standing"
      ? [
          prepare(
            "INSERT OR IGNORE INTO stack_imports (stack_id, import_id, at) VALUES (?1, ?2, ?3)",
            id,
            by.id,
            by.now,
          ),
        ]
      : []),
    // After it: what changes a stack's declaration plans its forecasts anew.
    ...(kind === "stack_standing" ? planStatements(db, id, record.plan as Plan) : []),
    prepare("DELETE FROM restorations WHERE kind = ?1 AND id = ?2", kind === "stack_standing" ? "stack" : "source", id),
  ];
}

function planStatements(db: Database, id: string, plan: Plan): Statement[] {
  const prepare = (text: string, ...bound: unknown[]): Statement => db.$client.prepare(text).bind(...bound);
  const gone = prepare("DELETE FROM forecast_plans WHERE stack_id = ?1", id);
  if (plan === null) return [gone];
  const { everySeconds, labels, dueAt, nonce, runner, count } = plan;
  return [
    gone,
    prepare(
      `INSERT INTO forecast_plans (stack_id, every_seconds, labels, due_at, nonce, runner, count)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
      id,
      everySeconds,
      JSON.stringify(labels),
      dueAt,
      nonce,
      runner,
      count,
    ),
  ];
}
