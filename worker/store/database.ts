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
import { unreadableIn } from "./declared-column.ts";

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

/** Turns any failure to read into {@link StorageFault}, but for what was read and cannot be understood. */
export async function reading<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    const unreadable = unreadableIn(error);
    if (unreadable !== undefined) throw unreadable;
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

/** What a conflict does: `fail` aborts the batch, `ignore` keeps what is there, or the columns whose conflict turns the insert into an update of all others. */
type OnConflict = "fail" | "ignore" | { update: string[]; except?: string[] };

/** Parameters that D1 takes for one statement. */
const MOST_PARAMETERS = 100;

/** Of rows that share a parameter, which D1 takes up to 2 MB of: three bytes a character at most. */
const MOST_CHARACTERS = 500_000;

/**
 * Inserts rows: few as they are, more as one parameter for as many as fit into it, none for none. A row that is too
 * large to share a parameter goes in by itself, each of its values as large as D1 takes it.
 */
export function insertRows<T extends SQLiteTable>(
  db: Database,
  table: T,
  rows: readonly Row<T>[],
  onConflict: OnConflict = "fail",
): Statement[] {
  const columns = writtenColumns(table);
  const data = rows.map((row) => driverValues(columns, row));
  const apart = (some: readonly unknown[][]): Statement =>
    db.$client.prepare(insertText(table, some.length, onConflict)).bind(...some.flat());
  const few = (many: number): boolean => many * columns.length <= MOST_PARAMETERS;
  if (rows.length === 0) return [];
  if (few(rows.length)) return [apart(data)];
  const shared = db.$client.prepare(insertText(table, undefined, onConflict));
  return pieces(data).map(({ rows: some, texts }) =>
    few(some.length) ? apart(some) : shared.bind(`[${texts.join()}]`),
  );
}

/** Inserts one row. */
export function insertRow<T extends SQLiteTable>(
  db: Database,
  table: T,
  row: Row<T>,
  onConflict: OnConflict = "fail",
): Statement {
  return db.$client.prepare(insertText(table, 1, onConflict)).bind(...driverValues(writtenColumns(table), row));
}

function driverValues(columns: Written, row: object): unknown[] {
  return columns.map(([key, column]) => {
    const given = (row as Record<string, unknown>)[key];
    const value = given === undefined ? column.default : given;
    return value === undefined || value === null ? null : column.mapToDriverValue(value);
  });
}

/** Cuts rows into pieces that fit into one parameter, each row with its JSON. */
export function pieces<R>(rows: readonly R[]): { rows: R[]; texts: string[] }[] {
  const all: { rows: R[]; texts: string[] }[] = [];
  let length = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    const last = all.at(-1);
    length += text.length + 1;
    if (last === undefined || length > MOST_CHARACTERS) {
      all.push({ rows: [row], texts: [text] });
      length = text.length + 1;
      continue;
    }
    last.rows.push(row);
    last.texts.push(text);
  }
  return all;
}

type Written = [string, SQLiteColumn][];

const written = new WeakMap<SQLiteTable, Written>();
const insertTexts = new WeakMap<SQLiteTable, Map<string, string>>();

/** An autoincrement key is never given: SQLite makes it. */
function writtenColumns(table: SQLiteTable): Written {
  let columns = written.get(table);
  if (columns === undefined) {
    const all: Written = Object.entries(getTableColumns(table));
    columns = all.filter(([, column]) => column.name !== "position");
    written.set(table, columns);
  }
  return columns;
}

/** Each is written once; without a number of rows they come in one parameter. */
function insertText(table: SQLiteTable, rows: number | undefined, onConflict: OnConflict): string {
  const texts = insertTexts.get(table) ?? new Map<string, string>();
  insertTexts.set(table, texts);
  const key = `${rows} ${JSON.stringify(onConflict)}`;
  let text = texts.get(key);
  if (text === undefined) {
    text = writeInsert(table, rows, onConflict);
    texts.set(key, text);
  }
  return text;
}

function writeInsert(table: SQLiteTable, rows: number | undefined, onConflict: OnConflict): string {
  const columns = writtenColumns(table).map(([, column]) => column.name);
  const into = `INSERT INTO "${getTableName(table)}" (${columns.map((name) => `"${name}"`).join(", ")})`;
  return `${into} ${rows === undefined ? valuesInJson(columns.length) : valuesApart(columns.length, rows)}${conflictClause(columns, onConflict)}`;
}

function valuesApart(columns: number, rows: number): string {
  const row = `(${Array(columns).fill("?").join(", ")})`;
  return `VALUES ${Array(rows).fill(row).join(", ")}`;
}

function valuesInJson(columns: number): string {
  const values = Array.from({ length: columns }, (_, i) => `json_extract(row, '$[${i}]')`);
  // Materialized, or SQLite would write each row out again for every column of it.
  return `WITH given (row) AS MATERIALIZED (SELECT value FROM json_each(?1)) SELECT ${values.join(", ")} FROM given WHERE true`;
}

function conflictClause(columns: readonly string[], onConflict: OnConflict): string {
  if (onConflict === "fail") return "";
  if (onConflict === "ignore") return " ON CONFLICT DO NOTHING";
  const kept = new Set([...onConflict.update, ...(onConflict.except ?? [])]);
  const sets = columns.filter((name) => !kept.has(name)).map((name) => `"${name}" = excluded."${name}"`);
  return ` ON CONFLICT (${onConflict.update.map((c) => `"${c}"`).join(", ")}) DO UPDATE SET ${sets.join(", ")}`;
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
