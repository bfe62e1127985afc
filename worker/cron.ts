/**
 * What happens every minute. Each part fails alone, and everything it does is safe to do twice.
 *
 * @module
 */
import { stackObject } from "./api/object.ts";
import { deliverPending } from "./intake/deliver.ts";
import { scheduleDuePolls } from "./intake/schedule.ts";
import { log } from "./platform/log.ts";
import { forgetAnswers } from "./store/answers.ts";
import { openDatabase } from "./store/database.ts";
import { overdueStacks } from "./store/stacks.ts";

/** Stacks poked in one minute; the longest overdue go first. */
const POKE_LIMIT = 500;

/** Answers to repeated requests are remembered this long, milliseconds: a runner gives up far sooner. */
const REMEMBER_ANSWERS = 7 * 86_400_000;

/** Runs all parts. `now` in milliseconds since the epoch. */
export async function everyMinute(env: Env, now: number): Promise<void> {
  const db = openDatabase(env.DB);
  const parts = {
    polls: () => scheduleDuePolls(env, now),
    deliveries: () => deliverPending(env),
    pokes: () => pokeOverdue(env, now),
    answers: () => forgetAnswers(db, new Date(now - REMEMBER_ANSWERS).toISOString()),
  };
  const outcomes = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => {
      try {
        await part();
        return undefined;
      } catch (error) {
        return `${name}: ${String(error)}`;
      }
    }),
  );
  const failed = outcomes.filter((outcome) => outcome !== undefined);
  log(failed.length === 0 ? "info" : "error", "cron.tick", failed.length === 0 ? {} : { failed });
}

/** Objects set alarms for themselves; this is for alarms that were lost. */
async function pokeOverdue(env: Env, now: number): Promise<void> {
  const due = await overdueStacks(openDatabase(env.DB), new Date(now).toISOString(), POKE_LIMIT);
  await Promise.allSettled(due.map((id) => stackObject(env, id).poke(id)));
}
