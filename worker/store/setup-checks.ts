/**
 * Checks of a stack's set-up in D1. The first end counts: every change is of a row that still waits.
 *
 * @module
 */
import { and, desc, eq, gt, lt } from "drizzle-orm";
import type { Reason } from "../contract/primitives.ts";
import type { SurfaceRun } from "../contract/surface.ts";
import { type Database, reading } from "./database.ts";
import { setupChecks } from "./schema.ts";

export type SetupCheckRow = typeof setupChecks.$inferSelect;

export async function insertCheck(db: Database, row: typeof setupChecks.$inferInsert): Promise<void> {
  await reading(db.insert(setupChecks).values(row));
}

export async function findCheck(db: Database, id: string): Promise<SetupCheckRow | undefined> {
  return (await reading(db.select().from(setupChecks).where(eq(setupChecks.id, id)).limit(1)))[0];
}

/** The stack's newest check. */
export async function lastCheck(db: Database, stackId: string): Promise<SetupCheckRow | undefined> {
  const rows = db.select().from(setupChecks).where(eq(setupChecks.stackId, stackId));
  return (await reading(rows.orderBy(desc(setupChecks.createdAt)).limit(1)))[0];
}

export type CheckChange =
  | { runs: SurfaceRun[] }
  | { state: "proved"; provedAs: string; reason: null }
  | { state: "failed"; reason: Reason }
  /** Why a job was not let in: the check waits on. */
  | { reason: Reason };

/** False when the check is over, or its time is. */
export async function changeCheck(db: Database, id: string, change: CheckChange, now: string): Promise<boolean> {
  const waiting = and(eq(setupChecks.id, id), eq(setupChecks.state, "waiting"), gt(setupChecks.expiresAt, now));
  const changed = db.update(setupChecks).set(change).where(waiting).returning({ id: setupChecks.id });
  return (await reading(changed)).length > 0;
}

/** Ends a check whose time is over, for good. */
export async function expireCheck(db: Database, id: string, reason: Reason, now: string): Promise<void> {
  const over = and(eq(setupChecks.id, id), eq(setupChecks.state, "waiting"), lt(setupChecks.expiresAt, now));
  await reading(db.update(setupChecks).set({ state: "failed", reason }).where(over));
}

/** Forgets a stack's checks from before a time. */
export async function forgetChecks(db: Database, stackId: string, before: string): Promise<void> {
  await reading(db.delete(setupChecks).where(and(eq(setupChecks.stackId, stackId), lt(setupChecks.createdAt, before))));
}
