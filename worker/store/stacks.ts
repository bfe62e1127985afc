/**
 * Patch stacks in D1.
 *
 * @module
 */
import { and, asc, desc, eq, isNull, lt, lte } from "drizzle-orm";
import type { StackConfig } from "../contract/stack.ts";
import { isOpen } from "./attempts.ts";
import { type Database, inList, reading } from "./database.ts";
import { readingOf } from "./declared-column.ts";
import { type Listed, listed } from "./listed.ts";
import { type Named, prepared } from "./prepared.ts";
import type { AttemptRow, StackRow } from "./rows.ts";
import { attempts, restorations, stacks } from "./schema.ts";

const byId = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(stacks)
    .where(eq(stacks.id, value("id")))
    .limit(1),
);

/** Not in order: for that SQLite would walk the stack's whole history. */
const openOf = prepared((query, value: Named<"id">) =>
  query
    .select()
    .from(attempts)
    .where(and(eq(attempts.stackId, value("id")), isOpen)),
);

const overdue = prepared((query, value: Named<"now">, limit) =>
  query
    .select({ id: stacks.id })
    .from(stacks)
    .where(lte(stacks.nextActionAt, value("now")))
    .orderBy(asc(stacks.nextActionAt))
    .limit(limit),
);

/** Deleted ones too: their records stay. */
export async function findStack(db: Database, id: string): Promise<StackRow | undefined> {
  return readingOf(`stack '${id}'`, byId.first(db, { id }));
}

/** Configurations of these stacks; unknown and deleted ones are left out. */
export async function stackPolicies(
  db: Database,
  ids: readonly string[],
): Promise<{ stackId: string; config: StackConfig }[]> {
  if (ids.length === 0) return [];
  return reading(
    db
      .select({ stackId: stacks.id, config: stacks.config })
      .from(stacks)
      .where(and(inList(stacks.id, ids), isNull(stacks.deletedAt))),
  );
}

/** Those of the names that are no stack, or one that was deleted. */
export async function unknownStacks(db: Database, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const found = await reading(
    db
      .select({ id: stacks.id })
      .from(stacks)
      .where(and(inList(stacks.id, ids), isNull(stacks.deletedAt))),
  );
  const known = new Set(found.map((row) => row.id));
  return ids.filter((id) => !known.has(id));
}

/** Whether there is one that was not deleted, readable or not. */
export async function hasStack(db: Database, id: string): Promise<boolean> {
  return (await unknownStacks(db, [id])).length === 0;
}

/** Newest first, one more than asked for; without deleted ones. */
export function listStacks(db: Database, limit: number, before?: number): Promise<Listed<StackRow>[]> {
  const where = and(isNull(stacks.deletedAt), before === undefined ? undefined : lt(stacks.position, before));
  const query = db
    .select()
    .from(stacks)
    .where(where)
    .orderBy(desc(stacks.position))
    .limit(limit + 1);
  return listed(db, stacks, query);
}

const restoration = prepared((query, value: Named<"id">) =>
  query
    .select({ since: restorations.since })
    .from(restorations)
    .where(and(eq(restorations.kind, "stack"), eq(restorations.id, value("id")))),
);

export type LoadedStack = {
  stack: StackRow;
  open: AttemptRow[];
  /** When the import began that has not finished it; half a stack is nobody's to change. */
  restoringSince: string | undefined;
};

/**
 * A stack and its open attempts, as the attempt machine needs them; in one request.
 *
 * @param declared what it is about to be declared with: then it does not matter whether what is stored can be read
 */
export async function loadStack(db: Database, id: string, declared?: StackConfig): Promise<LoadedStack | undefined> {
  const [found, open, begun] = await reading(
    db.$client.batch([byId, openOf, restoration].map((one) => one.statement(db, { id }))),
  );
  const [stack] = byId.read(declared === undefined ? found : declaredAs(found, declared));
  if (stack === undefined) return undefined;
  return {
    stack,
    open: openOf.read(open).toSorted((a, b) => a.number - b.number),
    restoringSince: restoration.read(begun)[0]?.since,
  };
}

function declaredAs(found: D1Result | undefined, declared: StackConfig): D1Result | undefined {
  const config = JSON.stringify(declared);
  return found && { ...found, results: found.results.map((row) => ({ ...(row as object), config })) };
}

/** Stacks whose object should have done something by now. */
export async function overdueStacks(db: Database, now: string, limit: number): Promise<string[]> {
  return (await overdue.all(db, { now }, limit)).map((row) => row.id);
}

const NEXT_ACTION = "UPDATE stacks SET next_action_at = ?3 WHERE id = ?1 AND journal_seq = ?2";

/**
 * When the object next has something to do; null for never. Not part of any decision, so not in the journal.
 * Only as long as the journal ends at `journalSeq`: a request that D1 applies late must not undo what a commit
 * planned meanwhile, for nobody may be left to see it.
 */
export async function setNextAction(db: Database, id: string, journalSeq: number, at: string | null): Promise<void> {
  await reading(db.$client.prepare(NEXT_ACTION).bind(id, journalSeq, at).run());
}
