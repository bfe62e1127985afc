/**
 * Forecasts in D1: whose turn it is, who makes one, what was found. No attempt knows of them.
 *
 * @module
 */
import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import { KEPT_FORECASTS, type LatestForecast } from "../contract/forecast.ts";
import { labelSubsets } from "../contract/label-set.ts";
import type { ForecastResult } from "../contract/runner-wire.ts";
import { commit, type Database, insertRow, reading, type StorageFailure } from "./database.ts";
import { answers, forecastPlans, forecasts } from "./schema.ts";

/** One that failed is made again after this: a day without a look for an hour's outage would be long. */
const AGAIN_SECONDS = 3600;

export type ForecastRow = typeof forecasts.$inferSelect;
export type ForecastPlan = typeof forecastPlans.$inferSelect;

/** Newest first; one more than asked tells that there is a next page. `before` is a number of the stack's forecasts. */
export async function listForecasts(
  db: Database,
  stackId: string,
  limit: number,
  before?: number,
): Promise<ForecastRow[]> {
  const where = and(eq(forecasts.stackId, stackId), before === undefined ? undefined : lt(forecasts.number, before));
  return reading(
    db
      .select()
      .from(forecasts)
      .where(where)
      .orderBy(desc(forecasts.number))
      .limit(limit + 1),
  );
}

/** The forecast that the claim with this nonce makes. */
export async function claimedForecast(db: Database, nonce: string): Promise<ForecastPlan | undefined> {
  return (await reading(db.select().from(forecastPlans).where(eq(forecastPlans.nonce, nonce)).limit(1)))[0];
}

export type ForecastClaim = {
  /** What the runner was registered with. */
  labels: readonly string[];
  nonce: string;
  runner: string;
  now: string;
  /** When the claim counts as lost, ISO 8601. */
  until: string;
};

/** Gives the runner the forecast that is due for longest among those for its labels; the stack's id. */
export async function claimForecast(db: Database, claim: ForecastClaim): Promise<string | undefined> {
  const subsets = labelSubsets(claim.labels);
  const due =
    subsets === undefined
      ? `SELECT p.stack_id FROM forecast_plans AS p WHERE p.due_at <= ?4
          AND NOT EXISTS (SELECT 1 FROM json_each(p.labels) WHERE value NOT IN (SELECT value FROM json_each(?5)))
          ORDER BY p.due_at LIMIT 1`
      : // A look into the index for each set of labels, so that what other runners are to do is never read.
        `SELECT p.stack_id FROM json_each(?5) AS wanted CROSS JOIN forecast_plans AS p ON p.stack_id = (
            SELECT d.stack_id FROM forecast_plans AS d WHERE d.labels = wanted.value AND d.due_at <= ?4
            ORDER BY d.due_at LIMIT 1)
          ORDER BY p.due_at LIMIT 1`;
  const { nonce, runner, now, until, labels } = claim;
  const update = `UPDATE forecast_plans SET nonce = ?1, runner = ?2, due_at = ?3
    WHERE stack_id = (${due}) AND due_at <= ?4 RETURNING stack_id`;
  const parameters = [nonce, runner, until, now, JSON.stringify(subsets ?? labels)];
  const rows = await reading(
    db.$client
      .prepare(update)
      .bind(...parameters)
      .all(),
  );
  return z.array(z.object({ stack_id: z.string() })).parse(rows.results)[0]?.stack_id;
}

/**
 * Records what the claim found, once, and sets the time of the next look. `answer` goes in with it;
 * its key turns a second writer away.
 */
export async function recordForecast(
  db: Database,
  plan: ForecastPlan,
  result: ForecastResult,
  now: number,
  answer: typeof answers.$inferInsert,
): Promise<StorageFailure | undefined> {
  const { look, reason } = result;
  const at = new Date(now).toISOString();
  const number = plan.count + 1;
  const outcome = look === undefined ? "failed" : look.counts.conflicted > 0 ? "conflicts" : "carries";
  const { conflicts, ...found } = look ?? {};
  const latest: LatestForecast = { number, at, outcome, ...(reason === undefined ? {} : { reason }), ...found };
  const row: ForecastRow = {
    stackId: plan.stackId,
    number,
    at,
    outcome,
    reason: reason ?? null,
    onto: look?.onto ?? null,
    headOid: look?.head.oid ?? null,
    commitsAhead: look?.drift.commitsAhead ?? null,
    commitsBehind: look?.drift.commitsBehind ?? null,
    daysBehind: look?.drift.daysBehind ?? null,
    counts: look?.counts ?? null,
    conflicts: conflicts ?? null,
    runner: plan.runner ?? "",
    seconds: result.seconds,
  };
  const inSeconds = look === undefined ? Math.min(plan.everySeconds, AGAIN_SECONDS) : plan.everySeconds;
  const next = new Date(now + inSeconds * 1000).toISOString();
  const prepare = (text: string, ...values: unknown[]) => db.$client.prepare(text).bind(...values);
  return commit(db, [
    // The number is the lock: of two results that read the same plan, one fails whole on it.
    insertRow(db, forecasts, row),
    insertRow(db, answers, answer),
    prepare("UPDATE stacks SET forecast = ?2 WHERE id = ?1", plan.stackId, JSON.stringify(latest)),
    prepare(
      // A claim that was made anew meanwhile keeps its own time.
      `UPDATE forecast_plans SET count = ?2, due_at = iif(nonce = ?3, ?4, due_at), nonce = nullif(nonce, ?3),
        runner = iif(nonce = ?3, NULL, runner) WHERE stack_id = ?1`,
      plan.stackId,
      number,
      result.nonce,
      next,
    ),
    prepare("DELETE FROM forecasts WHERE stack_id = ?1 AND number <= ?2", plan.stackId, number - KEPT_FORECASTS),
  ]);
}

/** True when the plan still waits for this claim's result. */
export function isClaimedBy(plan: ForecastPlan | undefined, nonce: string): plan is ForecastPlan {
  return plan !== undefined && plan.nonce === nonce && plan.dueAt !== null;
}

export async function findForecastPlan(db: Database, stackId: string): Promise<ForecastPlan | undefined> {
  return (await reading(db.select().from(forecastPlans).where(eq(forecastPlans.stackId, stackId)).limit(1)))[0];
}
