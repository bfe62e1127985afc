/**
 * One page over several walks along an index each.
 *
 * @module
 */
import { type SQL, sql } from "drizzle-orm";
import { type Database, reading } from "./database.ts";

/** Terms that D1 takes in one compound SELECT. */
const COMPOUND_TERMS = 5;

/**
 * The newest rows of all terms, each of them a SELECT of whole rows that an index serves by position. SQLite merges
 * them as it goes: no more rows are read than are given, and one for each term.
 */
export function newestOf(db: Database, terms: readonly SQL[], limit: number): Promise<unknown[]> {
  return reading(db.all(sql`SELECT * FROM (${merged(terms)}) ORDER BY position DESC LIMIT ${limit}`));
}

/** One compound of all terms; D1 takes five in one, so more are nested. */
function merged(terms: readonly SQL[]): SQL {
  const size = Math.ceil(terms.length / COMPOUND_TERMS);
  const groups = Array.from({ length: Math.ceil(terms.length / size) }, (_, i) =>
    terms.slice(i * size, (i + 1) * size),
  );
  const parts = size === 1 ? terms : groups.map((group) => sql`SELECT * FROM (${merged(group)})`);
  return sql.join([...parts], sql` UNION ALL `);
}
