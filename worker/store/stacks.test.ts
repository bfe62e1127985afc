/**
 * When the cron pokes a stack: what D1 applies late must not undo what a newer commit planned.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { openDatabase } from "./database.ts";
import { overdueStacks, setNextAction } from "./stacks.ts";

const SOON = "2026-01-01T00:01:30.000Z";
const DAYS_LATER = "2026-01-04T00:00:00.000Z";

beforeAll(async () => {
  await env.DB.prepare(
    `INSERT INTO stacks (id, config, journal_seq, next_action_at, created_at, updated_at)
    VALUES ('planned', '{}', 7, ?1, ?1, ?1)`,
  )
    .bind(SOON)
    .run();
});

it("keeps the plan of a commit against a plan that was made before it", async () => {
  const db = openDatabase(env.DB);
  const overdue = (now: string) => overdueStacks(db, now, 10);
  await setNextAction(db, "planned", 6, DAYS_LATER);
  expect(await overdue(SOON)).toEqual(["planned"]);
  await setNextAction(db, "planned", 7, DAYS_LATER);
  expect(await overdue(SOON)).toEqual([]);
  expect(await overdue(DAYS_LATER)).toEqual(["planned"]);
  await setNextAction(db, "planned", 7, null);
  expect(await overdue(DAYS_LATER)).toEqual([]);
});
