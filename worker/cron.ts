/**
 * What happens every minute. Each part fails alone, and everything it does is safe to do twice.
 *
 * @module
 */
import { stackObject } from "./api/object.ts";
import type { Tick } from "./contract/health.ts";
import { deliverPending } from "./intake/deliver.ts";
import { scheduleDuePolls } from "./intake/schedule.ts";
import { log } from "./platform/log.ts";
import { readSettings } from "./platform/settings.ts";
import { forgetAnswers } from "./store/answers.ts";
import { type Database, openDatabase } from "./store/database.ts";
import { forgetTokens } from "./store/issuer-keys.ts";
import { retain } from "./store/retention.ts";
import { overdueStacks } from "./store/stacks.ts";
import { recordTick } from "./store/vitals.ts";

/** Stacks poked in one minute; the longest overdue go first. */
const POKE_LIMIT = 500;

/** Answers to repeated requests are remembered this long, milliseconds: a runner gives up far sooner. */
const REMEMBER_ANSWERS = 7 * 86_400_000;

/** Runs all parts, and writes down that the cron was here. `now` in milliseconds since the epoch. */
export async function everyMinute(env: Env, now: number): Promise<Tick> {
  const db = openDatabase(env.DB);
  const at = new Date(now).toISOString();
  const failed: string[] = [];
  const part = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      failed.push(`${name}: ${String(error)}`);
      return undefined;
    }
  };
  const [polls, pokes] = await Promise.all([
    part("polls", () => scheduleDuePolls(env, now)),
    part("pokes", () => pokeOverdue(env, db, at)),
    part("deliveries", () => deliverPending(env)),
    part("tokens", () => forgetTokens(db, at)),
    part("answers", () => forgetAnswers(db, new Date(now - REMEMBER_ANSWERS).toISOString())),
  ]);
  // After the rest: what keeps work going must not wait for it.
  await part("retention", () => retain(db, readSettings(env).retention, now));
  await part("tick", () => recordTick(db, at, failed));
  log(failed.length === 0 ? "info" : "error", "cron.tick", {
    polls,
    pokes,
    ...(failed.length === 0 ? {} : { failed }),
  });
  return { at, polls: polls ?? 0, pokes: pokes ?? 0, failed };
}

/** Objects set alarms for themselves; this is for alarms that were lost. */
async function pokeOverdue(env: Env, db: Database, at: string): Promise<number> {
  const due = await overdueStacks(db, at, POKE_LIMIT);
  await Promise.allSettled(due.map((id) => stackObject(env, id).poke(id)));
  return due.length;
}
