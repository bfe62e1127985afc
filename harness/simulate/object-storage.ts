/**
 * An object's own SQLite storage. It outlives the object's time in memory.
 *
 * @module
 */
import type { Sqlite, SqlRow } from "./sqlite.ts";

/** The storage as the object holds it; `leased` runs after every change of a lease. */
export function sqlStorage(sqlite: Sqlite, leased: () => void): SqlStorage {
  const storage = {
    exec(text: string, ...bindings: unknown[]) {
      // Only the tables are made with several statements at once, which SQLite takes unprepared.
      if (bindings.length === 0 && text.includes(";")) {
        sqlite.db.exec(text);
        return cursor([]);
      }
      const { rows, changes } = sqlite.run(text, bindings);
      if (changes > 0 && text.includes("lease")) leased();
      return cursor(rows);
    },
  };
  return storage as unknown as SqlStorage;
}

function cursor(rows: SqlRow[]) {
  return {
    toArray: () => rows,
    one: () => {
      const [row] = rows;
      if (row === undefined || rows.length > 1) throw new Error("expected exactly one row");
      return row;
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}
