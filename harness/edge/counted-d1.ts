/**
 * A D1 binding that counts what goes through it. Everything is passed on to the real one.
 *
 * @module
 */
import type { D1Count } from "../bench/measure-orders.ts";

export function noCount(): D1Count {
  return { requests: 0, statements: 0, rowsRead: 0, rowsWritten: 0 };
}

const WRAPPED = new WeakMap<object, D1PreparedStatement>();

/**
 * @param meter reads `rowsRead` also of statements whose answer carries no `meta` (`raw`, `first`):
 *   they are asked twice, so this is for reading requests only.
 */
export function countedD1(d1: D1Database, count: D1Count, meter: boolean): D1Database {
  return new Proxy(d1, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => counted(target.prepare(sql), count, meter);
      if (name === "batch")
        return async (statements: D1PreparedStatement[]) => {
          count.requests++;
          count.statements += statements.length;
          const results = await target.batch(statements.map((statement) => WRAPPED.get(statement) ?? statement));
          for (const result of results) add(count, result.meta);
          return results;
        };
      return bound(target, name);
    },
  });
}

function counted(statement: D1PreparedStatement, count: D1Count, meter: boolean): D1PreparedStatement {
  const proxy = new Proxy(statement, {
    get(target, name) {
      if (name === "bind") return (...values: unknown[]) => counted(target.bind(...values), count, meter);
      const method = bound(target, name);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]) => {
        count.requests++;
        count.statements++;
        if (meter && (name === "raw" || name === "first")) add(count, (await target.all()).meta);
        const result: unknown = await method(...args);
        if (name === "all" || name === "run") add(count, (result as D1Result).meta);
        return result;
      };
    },
  });
  WRAPPED.set(proxy, statement);
  return proxy;
}

function add(count: D1Count, meta: D1Meta): void {
  count.rowsRead += meta.rows_read;
  count.rowsWritten += meta.rows_written;
}

/** A method of a platform object works only on the object itself. */
function bound(target: object, name: string | symbol): ((...args: unknown[]) => unknown) | undefined {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? (value.bind(target) as (...args: unknown[]) => unknown) : (value as undefined);
}
