/**
 * Imports in D1: begun before their first lines come, counted with each answer, ended after the last.
 *
 * @module
 */
import { and, desc, eq, exists, isNull, lt } from "drizzle-orm";
import type { ImportFile } from "../contract/record-import.ts";
import { type Database, reading } from "./database.ts";
import { imports, stackImports } from "./schema.ts";

export type ImportRow = typeof imports.$inferSelect;

export async function beginImport(
  db: Database,
  given: { id: string; actor: string; file: ImportFile; now: string },
): Promise<ImportRow | undefined> {
  const { id, actor, file, now } = given;
  const row = { id, actor, file, begunAt: now, lastAt: now };
  return (await reading(db.insert(imports).values(row).returning()))[0];
}

/** The import that this token began and has not ended. */
export async function openImport(db: Database, id: string, actor: string): Promise<ImportRow | undefined> {
  const own = and(eq(imports.id, id), eq(imports.actor, actor), isNull(imports.endedAt));
  return (await reading(db.select().from(imports).where(own).limit(1)))[0];
}

export async function findImport(db: Database, id: string): Promise<ImportRow | undefined> {
  return (await reading(db.select().from(imports).where(eq(imports.id, id)).limit(1)))[0];
}

/** What became of some of its lines. */
export async function countImport(
  db: Database,
  id: string,
  { made, same, refused, now }: { made: number; same: number; refused: number; now: string },
): Promise<void> {
  const text =
    "UPDATE imports SET made = made + ?2, same = same + ?3, refused = refused + ?4, last_at = ?5 WHERE id = ?1";
  await reading(db.$client.prepare(text).bind(id, made, same, refused, now).run());
}

/** Ends it once; again it is as it was. */
export async function endImport(db: Database, id: string, actor: string, now: string): Promise<ImportRow | undefined> {
  const own = and(eq(imports.id, id), eq(imports.actor, actor));
  await reading(
    db
      .update(imports)
      .set({ endedAt: now })
      .where(and(own, isNull(imports.endedAt))),
  );
  return (await reading(db.select().from(imports).where(own).limit(1)))[0];
}

/** Newest first; one more than asked tells that there is a next page. With a stack: those that brought it. */
export async function listImports(
  db: Database,
  { stackId, limit, before }: { stackId?: string | undefined; limit: number; before?: number | undefined },
): Promise<ImportRow[]> {
  const brought =
    stackId === undefined
      ? undefined
      : exists(
          db
            .select({ id: stackImports.importId })
            .from(stackImports)
            .where(and(eq(stackImports.importId, imports.id), eq(stackImports.stackId, stackId))),
        );
  const where = and(brought, before === undefined ? undefined : lt(imports.position, before));
  return reading(
    db
      .select()
      .from(imports)
      .where(where)
      .orderBy(desc(imports.position))
      .limit(limit + 1),
  );
}
