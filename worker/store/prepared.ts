/**
 * Queries that are asked all the time, written once: drizzle takes longer to write a query than SQLite
 * to answer it. What is constant stands in the text, so that SQLite can use partial indexes and need
 * not plan anew for each value; what differs from call to call has a name.
 *
 * @module
 */
import { Column, is, Placeholder, type SQLWrapper } from "drizzle-orm";
import { QueryBuilder, SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { type Database, readColumns, reading, type Statement } from "./database.ts";
import { type UnreadableDeclaration, unreadableIn } from "./declared-column.ts";

/** Stands for the value with this name. */
export type Named<Name extends string> = (name: Name) => Placeholder;

/** Values by name, as SQLite takes them: a list goes in as JSON. */
type Values<Name extends string> = Readonly<Record<Name, string | number>>;

type Written = SQLWrapper & { _: { readonly selectedFields: unknown; readonly result: unknown[] } };

/** A row as it is stored, whose declaration this version cannot read. */
export type Unread = { row: Readonly<Record<string, unknown>>; error: UnreadableDeclaration };

type RowOf<Query extends Written> = Query["_"]["result"][number];

export type Prepared<Name extends string, Row> = {
  all(db: Database, values: Values<Name>, limit?: number): Promise<Row[]>;
  /** Row by row: one that this version cannot read costs no other, and is given as it is, with what is wrong. */
  readable(db: Database, values: Values<Name>, limit?: number): Promise<{ rows: Row[]; unread: Unread[] }>;
  first(db: Database, values: Values<Name>): Promise<Row | undefined>;
  /** For a batch, whose answer {@link read} makes rows of. */
  statement(db: Database, values: Values<Name>, limit?: number): Statement;
  read(answer: D1Result | undefined): Row[];
};

type Made = { text: string; names: string[]; columns: [string, Column][] };

const dialect = new SQLiteSyncDialect();

/**
 * A query over columns of tables, each column's name at most once. Callers' limits are few constants,
 * so each limit has its own text.
 *
 * @example const byId = prepared((query, value: Named<"id">) => query.select().from(stacks).where(eq(stacks.id, value("id"))));
 */
export function prepared<Name extends string, Query extends Written>(
  write: (query: QueryBuilder, value: Named<Name>, limit: number) => Query,
): Prepared<Name, RowOf<Query>> {
  const made = new Map<number, Made>();
  let columns: [string, Column][] = [];
  const statement = (db: Database, values: Values<Name>, limit = 1): Statement => {
    let one = made.get(limit);
    if (one === undefined) {
      one = make(write(new QueryBuilder(), (name) => new Placeholder(name), limit));
      made.set(limit, one);
      columns = one.columns;
    }
    return db.$client.prepare(one.text).bind(...one.names.map((name) => values[name as Name]));
  };
  const read = (answer: D1Result | undefined): RowOf<Query>[] =>
    (answer?.results ?? []).map((row) => readColumns(columns, row) as RowOf<Query>);
  const all = async (db: Database, values: Values<Name>, limit?: number): Promise<RowOf<Query>[]> =>
    read(await reading(statement(db, values, limit).all()));
  const readable = async (db: Database, values: Values<Name>, limit?: number) => {
    const { results } = await reading(statement(db, values, limit).all<Record<string, unknown>>());
    const unread: Unread[] = [];
    const rows = results.flatMap((row) => {
      try {
        return [readColumns(columns, row) as RowOf<Query>];
      } catch (thrown) {
        const error = unreadableIn(thrown);
        if (error === undefined) throw thrown;
        unread.push({ row, error });
        return [];
      }
    });
    return { rows, unread };
  };
  return { all, readable, first: async (db, values) => (await all(db, values))[0], statement, read };
}

function make(query: Written): Made {
  const { sql: text, params } = dialect.sqlToQuery(query.getSQL().inlineParams());
  const columns = Object.entries(query._.selectedFields as Record<string, Column>);
  for (const [key, column] of columns) if (!is(column, Column)) throw new Error(`'${key}' is no column: ${text}`);
  if (new Set(columns.map(([, { name }]) => name)).size < columns.length)
    throw new Error(`two columns with the same name: ${text}`);
  return { text, names: params.map((param) => (param as Placeholder).name), columns };
}
