/**
 * What a kind of record is to an export and an import, made of its table's columns.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Column, getTableColumns } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { Timestamp } from "../contract/primitives.ts";

export type KindOfRecord = {
  table: SQLiteTable;
  /** Property names of what names a record. */
  key: readonly string[];
  /** Properties and their columns, in the order in which a line gives them. */
  columns: readonly (readonly [string, Column])[];
  schema: z.ZodType<Record<string, unknown>>;
  /** Whose it is, and the property that names the owner: only an import that restores the owner writes it. */
  owner?: { kind: "stack" | "source"; property: string };
  /** New ones are taken also where the owner stands: they only add to what is known. */
  adds?: true;
  /** Properties that may differ without the record being another. */
  passing: readonly string[];
  /** Rows of one page. */
  page: number;
};

type Described<T extends SQLiteTable> = {
  key: readonly (keyof T["_"]["columns"] & string)[];
  only?: readonly (keyof T["_"]["columns"] & string)[];
  without?: readonly (keyof T["_"]["columns"] & string)[];
  /** What a column holds, where its type does not say it all. */
  holds?: Partial<Record<keyof T["_"]["columns"] & string, z.ZodType>>;
  /** Properties that are no columns of the table. */
  more?: Record<string, z.ZodType>;
} & Partial<Pick<KindOfRecord, "owner" | "adds" | "passing" | "page">>;

const PAGE = 500;

/** A kind as its table's columns and what is said of them make it. */
export function kindOf<T extends SQLiteTable>(table: T, described: Described<T>): KindOfRecord {
  const { key, only, without = [], holds = {}, more = {}, page = PAGE, passing = [], ...rest } = described;
  const left = new Set<string>(["position", ...without]);
  const columns = Object.entries(getTableColumns(table) as Record<string, Column>).filter(
    ([property]) => !left.has(property) && (only === undefined || (only as readonly string[]).includes(property)),
  );
  const shape = columns.map(([property, column]) => {
    const given = (holds as Record<string, z.ZodType | undefined>)[property] ?? valueIn(property, column);
    const value = column.notNull ? given : given.nullable();
    // An older version exported without it: it is what the column is where nothing was said.
    return [property, column.notNull && column.default === undefined ? value : value.optional()] as const;
  });
  const schema = z.strictObject({ ...Object.fromEntries(shape), ...more });
  return { table, key, columns, schema, page, passing, ...rest };
}

/** By the column's own type; a name that ends in `At` is a time. */
function valueIn(property: string, column: Column): z.ZodType {
  if (column.dataType === "boolean") return z.boolean();
  if (column.dataType === "number") return column.getSQLType() === "integer" ? z.int() : z.number();
  if (column.dataType === "json") return z.unknown();
  return property === "at" || /(?:At|Until|Since)$/.test(property) ? Timestamp : z.string();
}
