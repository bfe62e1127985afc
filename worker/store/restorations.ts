/**
 * Stacks and sources that an import has begun and not finished.
 *
 * @module
 */
import { and, eq } from "drizzle-orm";
import { commit, type Database, inList, reading, type Statement, StorageFault } from "./database.ts";
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

/** What the failure of {@link stillRestoring} says: SQL has no other way to fail on purpose outside of triggers. */
export const STANDS_NOW = "integer overflow";

/**
 * Fails the batch that it is the first statement of when one of the owners is not being restored from the file with
 * this SHA-256 any more: between the look at it and the write another import may have finished it, and it is at work,
 * or it was given up and begun anew from another file.
 */
export function stillRestoring(db: Database, owner: Owner, ids: readonly string[], sha256: string): Statement {
  const text = `SELECT CASE WHEN (SELECT count(*) FROM restorations WHERE kind = ?1
      AND id IN (SELECT value FROM json_each(?2)) AND coalesce(sha256, ?4) = ?4) = ?3
    THEN 0 ELSE abs(-9223372036854775807 - 1) END`;
  return db.$client.prepare(text).bind(owner, JSON.stringify(ids), ids.length, sha256);
}

/** Why a source may not poll yet: a stack that it feeds is not whole, and would never hear of what it finds now. */
export async function halfStackOf(db: Database, sourceId: string): Promise<string | undefined> {
  const text = `SELECT s.stack_id AS id FROM source_stacks AS s
    JOIN restorations AS r ON r.kind = 'stack' AND r.id = s.stack_id WHERE s.source_id = ?1 LIMIT 1`;
  const half = await reading(db.$client.prepare(text).bind(sourceId).first<{ id: string }>());
  return half === null ? undefined : `source '${sourceId}' feeds stack '${half.id}', which is not whole`;
}

/** The one that has waited longest to be finished. */
export async function unfinishedRestoration(db: Database): Promise<Restoration | undefined> {
  return (await reading(db.select().from(restorations).orderBy(restorations.since).limit(1)))[0];
}

/** Everything that an import may have written of a stack: what refers to others first. */
const OF_STACK = [
  "DELETE FROM reports WHERE attempt_id IN (SELECT id FROM maintenance_attempts WHERE stack_id = ?1)",
  "DELETE FROM earlier_reports WHERE attempt_id IN (SELECT id FROM maintenance_attempts WHERE stack_id = ?1)",
  ...["candidates", "dispatches", "outbox", "journal", "forecasts", "forecast_plans", "deliveries"].map(ofStack),
  ...["maintenance_attempts", "source_stacks", "stack_imports"].map(ofStack),
  "DELETE FROM stacks WHERE id = ?1",
  "DELETE FROM restorations WHERE kind = 'stack' AND id = ?1",
];

function ofStack(table: string): string {
  return `DELETE FROM "${table}" WHERE stack_id = ?1`;
}

/** The rest of a source goes with its row. */
const OF_SOURCE = [
  "DELETE FROM feed_sources WHERE id = ?1",
  "DELETE FROM restorations WHERE kind = 'source' AND id = ?1",
];

/** Stacks and sources that are taken away in one step. */
const STEP = 10;

/**
 * Takes away what the file with this SHA-256 began and did not finish, sources first; each whole or not at all.
 * What it finished stays, as do its events.
 */
export async function giveUp(db: Database, sha256: string): Promise<{ removed: Restoration[]; more: boolean }> {
  const begun = await reading(
    db
      .select()
      .from(restorations)
      .where(eq(restorations.sha256, sha256))
      .orderBy(restorations.kind, restorations.id)
      .limit(STEP),
  );
  const removed: Restoration[] = [];
  for (const one of begun) {
    const { kind, id } = one;
    const statements = (kind === "stack" ? OF_STACK : OF_SOURCE).map((text) => db.$client.prepare(text).bind(id));
    const failure = await commit(db, [stillRestoring(db, kind, [id], sha256), ...statements]);
    if (failure === undefined) removed.push(one);
    // Its import finished it since it was looked for: it is at work, and nobody's to give up.
    else if (failure.kind !== "fault" || !failure.message.includes(STANDS_NOW))
      throw new StorageFault(failure.kind === "fault" ? failure.message : failure.column);
  }
  return { removed, more: begun.length === STEP };
}
