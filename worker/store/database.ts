/**
 * Opens D1 through drizzle, and commits several statements as one.
 *
 * @module
 */
import {
  type Column,
  getTableColumns,
  getTableName,
  type InferInsertModel,
  type InferSelectModel,
  type Placeholder,
  type SQL,
  sql,
} from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";

export type Database = DrizzleD1Database & { $client: D1Database };

/** A statement that can go into {@link commit}. */
export type Statement = D1PreparedStatement;

export function openDatabase(d1: D1Database): Database {
  return drizzle(d1);
}

/** What a storage error means for the caller. */
export type StorageFailure =
  /** A UNIQUE or PRIMARY KEY constraint held: `table.column` of its first column. Nothing was written. */
  | { kind: "constraint"; column: string }
  /** Anything else: whether it was written is not known. */
  | { kind: "fault"; message: string };

/** Raised when D1 cannot be asked; the HTTP layer answers 503. */
export class StorageFault extends Error {
  override name = "StorageFault";
}

/** Runs the statements as one transaction; fails whole. */
export async function commit(db: Database, statements: readonly Statement[]): Promise<StorageFailure | undefined> {
  if (statements.length === 0) return undefined;
  try {
    await db.$client.batch([...statements]);
    return undefined;
  } catch (error) {
    return classify(error);
  }
}

/** Reads the reason out of a D1 error: the binding gives nothing but its message. */
export function classify(error: unknown): StorageFailure {
  const messages: string[] = [];
  for (let e: unknown = error; e instanceof Error; e = e.cause) messages.push(e.message);
  const text = messages.join(": ");
  const unique = /UNIQUE constraint failed: ([a-z_]+\.[a-z_]+)/.exec(text);
  if (unique?.[1] !== undefined) return { kind: "constraint", column: unique[1] };
  return { kind: "fault", message: text || String(error) };
}

/** Turns any failure to read into {@link StorageFault}. */
export async function reading<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw new StorageFault(classify(error).kind === "fault" ? String(error) : "constraint", { cause: error });
  }
}

/** A row as D1 gives it for a statement that drizzle did not run, as drizzle would give it. */
export function readRow<T extends SQLiteTable>(table: T, row: unknown): InferSelectModel<T> {
  return readColumns(Object.entries(getTableColumns(table)), row) as InferSelectModel<T>;
}

/** The same for some columns, each with the name it shall have. */
export function readColumns(columns: readonly [string, Column][], row: unknown): Record<string, unknown> {
  const given = row as Record<string, unknown>;
  const read: Record<string, unknown> = {};
  for (const [key, column] of columns) {
    const value = given[column.name] ?? null;
    read[key] = value === null ? null : column.mapFromDriverValue(value);
  }
  return read;
}

type Row<T extends SQLiteTable> = InferInsertModel<T>;

/**
 * Inserts any number of rows with one statement and one bound parameter: D1 takes 100 parameters
 * a statement, which three attempts would fill.
 *
 * @param onConflict `fail` aborts the batch, `ignore` keeps what is there, or the columns whose
 *   conflict turns the insert into an update of all others.
 */
export function insertRows<T extends SQLiteTable>(
  db: Database,
  table: T,
  rows: readonly Row<T>[],
  onConflict: "fail" | "ignore" | { update: string[]; except?: string[] } = "fail",
): Statement {
  const columns = Object.entries(getTableColumns(table)) as [string, SQLiteColumn][];
  // An autoincrement key is never given: SQLite makes it.
  const written = columns.filter(([, column]) => column.name !== "position");
  const names = written.map(([, column]) => `"${column.name}"`);
  const values = written.map((_, i) => `json_extract(row, '$[${i}]')`);
  const data = rows.map((row) =>
    written.map(([key, column]) => {
      const given = (row as Record<string, unknown>)[key];
      const value = given === undefined ? column.default : given;
      return value === undefined || value === null ? null : column.mapToDriverValue(value);
    }),
  );
  // Materialized, or SQLite would write each row out again for every column of it.
  let text = `INSERT INTO "${getTableName(table)}" (${names.join(", ")})
    WITH given (row) AS MATERIALIZED (SELECT value FROM json_each(?1)) SELECT ${values.join(", ")} FROM given WHERE true`;
  if (onConflict === "ignore") text += " ON CONFLICT DO NOTHING";
  else if (onConflict !== "fail") {
    const kept = new Set([...onConflict.update, ...(onConflict.except ?? [])]);
    const sets = written
      .filter(([, column]) => !kept.has(column.name))
      .map(([, column]) => `"${column.name}" = excluded."${column.name}"`);
    text += ` ON CONFLICT (${onConflict.update.map((c) => `"${c}"`).join(", ")}) DO UPDATE SET ${sets.join(", ")}`;
  }
  return db.$client.prepare(text).bind(JSON.stringify(data));
}

/**
 * Updates the row with this id.
 *
 * @param made columns whose value SQL makes of the one given; `?1` is the id.
 */
export function updateRow<T extends SQLiteTable & { id: SQLiteColumn }>(
  db: Database,
  table: T,
  id: string,
  change: Partial<Row<T>>,
  made: Partial<Record<keyof T, (value: string) => string>> = {},
): Statement {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table);
  const values: unknown[] = [];
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const sets = given.map(([key, value]) => {
    const column = columns[key];
    if (column === undefined) throw new Error(`${getTableName(table)} has no '${key}'`);
    values.push(value === null ? null : column.mapToDriverValue(value));
    const bound = `?${values.length + 1}`;
    return `"${column.name}" = ${made[key as keyof T]?.(bound) ?? bound}`;
  });
  return db.$client
    .prepare(`UPDATE "${getTableName(table)}" SET ${sets.join(", ")} WHERE "id" = ?1`)
    .bind(id, ...values);
}

/** Turns a drizzle query into a D1 statement, so that it can go into one batch with {@link insertRows}. */
export function statement(db: Database, query: { toSQL(): { sql: string; params: unknown[] } }): Statement {
  const { sql: text, params } = query.toSQL();
  return db.$client.prepare(text).bind(...params);
}

/** `column IN (…)` with one bound parameter. */
export function inList(column: SQLiteColumn, values: readonly string[]): SQL {
  return sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
}

/** The same where the values are bound later, as JSON. */
export function inJson(column: SQLiteColumn, values: Placeholder): SQL {
  return sql`${column} IN (SELECT value FROM json_each(${values}))`;
}
