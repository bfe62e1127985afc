/**
 * SQLite in memory, used over and over: each run is one transaction that is taken back at its end,
 * which is faster than making the tables anew.
 *
 * @module
 */
import { globSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

export type SqlRow = Record<string, unknown>;

type Prepared = { statement: StatementSync; returns: boolean };

export class Sqlite {
  readonly db: DatabaseSync;
  private readonly statements = new Map<string, Prepared>();
  private readonly arrays = new Map<string, StatementSync>();

  constructor(schema: string) {
    this.db = new DatabaseSync(":memory:");
    this.db.exec("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY");
    this.db.exec(schema);
  }

  begin(): void {
    this.db.exec("BEGIN");
  }

  /** Everything since {@link begin} has never been. */
  forget(): void {
    this.db.exec("ROLLBACK");
  }

  private prepare(text: string): Prepared {
    let prepared = this.statements.get(text);
    if (prepared === undefined) {
      const statement = this.db.prepare(text);
      prepared = { statement, returns: statement.columns().length > 0 };
      this.statements.set(text, prepared);
    }
    return prepared;
  }

  /** Rows as objects, and how many were changed. */
  run(text: string, params: readonly unknown[]): { rows: SqlRow[]; changes: number } {
    const { statement, returns } = this.prepare(text);
    const values = params as SQLInputValue[];
    if (returns) return { rows: statement.all(...values) as SqlRow[], changes: 0 };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  }

  all<T>(text: string, ...params: readonly unknown[]): T[] {
    return this.prepare(text).statement.all(...(params as SQLInputValue[])) as T[];
  }

  /** Rows as arrays, in the order of the columns. */
  raw(text: string, params: readonly unknown[]): unknown[][] {
    let statement = this.arrays.get(text);
    if (statement === undefined) {
      statement = this.db.prepare(text);
      statement.setReturnArrays(true);
      this.arrays.set(text, statement);
    }
    return statement.all(...(params as SQLInputValue[])) as unknown as unknown[][];
  }
}

/** The record's tables as the deployment makes them. */
export function migrations(): string {
  const folder = fileURLToPath(new URL("../../migrations/", import.meta.url).href);
  const files = globSync("*.sql", { cwd: folder }).toSorted();
  return files.map((file) => readFileSync(`${folder}${file}`, "utf8")).join("\n");
}
