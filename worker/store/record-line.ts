/**
 * A row as a line of an export gives it: its properties, its name, whose it is, and when two are the same.
 *
 * @module
 */
import { type Column, getTableName } from "drizzle-orm";
import type { RecordKind } from "../contract/record.ts";
import { KINDS, type Plan } from "./record-kinds.ts";

/** Not columns of `stacks`: when its next forecast is due. */
const PLAN_COLUMN = `(SELECT json_object('everySeconds', every_seconds, 'labels', json(labels), 'dueAt', due_at,
  'nonce', nonce, 'runner', runner, 'count', count) FROM forecast_plans WHERE stack_id = "stacks"."id") AS plan`;

/** A row as D1 gives it, as a line gives it: every property, in the kind's own order. */
export function recordOf(kind: RecordKind, row: unknown): Record<string, unknown> {
  const given = row as Record<string, unknown>;
  const record: Record<string, unknown> = {};
  for (const [property, column] of KINDS[kind].columns) {
    const value = given[column.name] ?? null;
    record[property] = value === null ? null : column.mapFromDriverValue(value);
  }
  if (kind === "stack_standing") record.plan = typeof given.plan === "string" ? (JSON.parse(given.plan) as Plan) : null;
  return record;
}

/** What a line says of a column, or what the column is where an older line says nothing. */
export function toldValue(record: Record<string, unknown>, property: string, column: Column): unknown {
  const given = record[property];
  return given === undefined ? (column.default ?? null) : given;
}

/** The columns that a kind is read from, for a SELECT. */
export function columnsOf(kind: RecordKind): string {
  const { table, columns } = KINDS[kind];
  const names = columns.map(([, { name }]) => `"${getTableName(table)}"."${name}"`);
  return [...names, ...(kind === "stack_standing" ? [PLAN_COLUMN] : [])].join(", ");
}

/** What names a record, as text for people. */
export function keyText(kind: RecordKind, record: Record<string, unknown>): string {
  return KINDS[kind].key.map((property) => String(record[property])).join(" ");
}

/** Stack or source that a record belongs to; undefined for what belongs to the deployment. */
export function ownerOf(kind: RecordKind, record: Record<string, unknown>): string | undefined {
  const { owner } = KINDS[kind];
  if (owner === undefined) return undefined;
  const named = String(record[owner.property]);
  return owner.property === "attemptId" ? named.replace(/\.[0-9]+$/, "") : named;
}

/** Equal but for what may differ in passing. */
export function sameRecord(kind: RecordKind, a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const { columns, passing, schema } = KINDS[kind];
  const text = (record: Record<string, unknown>) =>
    JSON.stringify([
      ...columns
        .filter(([property]) => !passing.includes(property))
        .map(([property, column]) => toldValue(record, property, column)),
      record.plan ?? null,
    ]);
  if (text(a) === text(b)) return true;
  // What an older version wrote may lack what has a default today.
  const [one, other] = [schema.safeParse(a), schema.safeParse(b)];
  return one.success && other.success && text(one.data) === text(other.data);
}
