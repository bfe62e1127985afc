/**
 * How many of each thing with a quota there are.
 *
 * @module
 */
import { count, isNull } from "drizzle-orm";
import type { QuotaKind } from "../contract/quota.ts";
import { type Database, reading } from "./database.ts";
import { feedSources, runners, stacks, tokens } from "./schema.ts";

/** Reads every row of the kind; asked only before one more is made. Deleted stacks do not count. */
export async function countOf(db: Database, kind: QuotaKind): Promise<number> {
  const [row] = await reading(query(db, kind));
  return row?.there ?? 0;
}

function query(db: Database, kind: QuotaKind) {
  const there = { there: count() };
  switch (kind) {
    case "stacks":
      return db.select(there).from(stacks).where(isNull(stacks.deletedAt));
    case "sources":
      return db.select(there).from(feedSources);
    case "tokens":
      return db.select(there).from(tokens);
    case "runners":
      return db.select(there).from(runners);
  }
}
