/**
 * Stacks and sources that an import has begun and not finished.
 *
 * @module
 */
import { and, eq } from "drizzle-orm";
import { type Database, inList, reading } from "./database.ts";
import { feedSources, restorations, stacks } from "./schema.ts";

export type Owner = "stack" | "source";

/** What an owner is to an import: not there, begun by an import, or standing and not an import's to change. */
export type OwnerState = "missing" | "restoring" | "standing";

export type Restoration = typeof restorations.$inferSelect;

/** Those of the names that are there. */
export async function ownerStates(
  db: Database,
  owner: Owner,
  ids: readonly string[],
): Promise<ReadonlyMap<string, OwnerState>> {
  if (ids.length === 0) return new Map();
  const table = owner === "stack" ? stacks : feedSources;
  const [there, begun] = await reading(
    db.batch([
      db.select({ id: table.id }).from(table).where(inList(table.id, ids)),
      db
        .select({ id: restorations.id })
        .from(restorations)
        .where(and(eq(restorations.kind, owner), inList(restorations.id, ids))),
    ]),
  );
  const restoring = new Set(begun.map(({ id }) => id));
  return new Map(there.map(({ id }) => [id, restoring.has(id) ? "restoring" : "standing"] as const));
}

/** The one that has waited longest to be finished. */
export async function unfinishedRestoration(db: Database): Promise<Restoration | undefined> {
  return (await reading(db.select().from(restorations).orderBy(restorations.since).limit(1)))[0];
}
