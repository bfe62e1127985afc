/**
 * A D1 binding that remembers which statements went through it, with what was bound.
 *
 * @module
 */

export type Recorded = { sql: string; values: unknown[] };

/** Everything is passed on to the real binding. */
export function recordedD1(d1: D1Database, seen: Recorded[]): D1Database {
  return new Proxy(d1, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "prepare") return (sql: string) => recorded(target.prepare(sql), sql, seen);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function recorded(statement: D1PreparedStatement, sql: string, seen: Recorded[]): D1PreparedStatement {
  return new Proxy(statement, {
    get(target, name) {
      if (name === "bind")
        return (...values: unknown[]) => {
          seen.push({ sql, values });
          return target.bind(...values);
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
