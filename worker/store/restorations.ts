/**
 * Stacks and sources that an import has begun and not finished.
 *
 * @module
 */
import { and, eq } from "drizzle-orm";
import { type Database, inList, reading } from "./database.ts";
import { feedSources, restorations, stacks } from "./schema.ts";

export type Owner = "stack" | "source";

/**
 * What an owner is to an import: not there, begun by this file, begun by another one, or standing and not an
 * import's to change.
 */
export type OwnerState = "missing" | "restoring" | "elsewhere" | "standing";

export type Restoration = typeof restorations.$inferSelect;

/** Those of the names that are there, to an import of the file with this SHA-256. */
export async function ownerStates(
  db: Database,
  owner: Owner,
  ids: readonly string[],
  sha256: string,
): Promise<ReadonlyMap<string, OwnerState>> {
  if (ids.length === 0) return new Map();
  const table = owner === "stack" ? stacks : feedSources;
  const [there, begun] = await reading(
    db.batch([
      db.select({ id: table.id }).from(table).where(inList(table.id, ids)),
      db
        .select({ id: restorations.id, sha256: restorations.sha256 })
        .from(restorations)
        .where(and(eq(restorations.kind, owner), inList(restorations.id, ids))),
    ]),
  );
  const files = new Map(begun.map((one) => [one.id, one.sha256]));
  const stateOf = (id: string): OwnerState => {
    const file = files.get(id);
    if (file === undefined) return "standing";
    return file === null || file === sha256 ? "restoring" : "elsewhere";
  };
  return new Map(there.map(({ id }) => [id, stateOf(id)] as const));
}

/** The one that has waited longest to be finished. */
export async function unfinishedRestoration(db: Database): Promise<Restoration | undefined> {
  return (await reading(db.select().from(restorations).orderBy(restorations.since).limit(1)))[0];
}
