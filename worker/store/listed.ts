/**
 * Lists of what is declared: a row that this version cannot read costs no other its place.
 *
 * @module
 */
import type { InferSelectModel } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import type { Unreadable } from "../contract/unreadable.ts";
import { type Database, reading, readRow, statement } from "./database.ts";
import { unreadableIn } from "./declared-column.ts";

/** A row of a list, or what is known of one that cannot be read. */
export type Listed<Row> = { position: number } & ({ row: Row } | { unreadable: Unreadable });

const Stored = z
  .object({ position: z.int(), id: z.string(), created_at: z.string(), updated_at: z.string() })
  .transform(({ position, id, created_at: createdAt, updated_at: updatedAt }) => ({
    position,
    id,
    createdAt,
    updatedAt,
  }));

/** Whole rows of a table, as the query has them. */
export async function listed<T extends SQLiteTable>(
  db: Database,
  table: T,
  query: Parameters<typeof statement>[1],
): Promise<Listed<InferSelectModel<T>>[]> {
  const { results } = await reading(statement(db, query).all());
  return results.map((stored) => {
    const { position, ...known } = Stored.parse(stored);
    try {
      return { position, row: readRow(table, stored) };
    } catch (error) {
      const unreadable = unreadableIn(error);
      if (unreadable === undefined) throw error;
      return { position, unreadable: { ...known, problem: unreadable.problem } };
    }
  });
}
