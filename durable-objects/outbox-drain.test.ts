/** Messages that leave together, against real D1: one effect, the same message however often it is tried. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import type { PlainEffect } from "../worker/effects/perform.ts";
import { changesOf, type Notification } from "../worker/notify/message.ts";
import { fail, ok, type Result } from "../worker/platform/result.ts";
import { openDatabase } from "../worker/store/database.ts";
import { outbox } from "../worker/store/schema.ts";
import { drainOutbox } from "./outbox-drain.ts";

const db = openDatabase(env.DB);
const NOW = Date.parse("2026-01-15T12:15:00.000Z");

type Left = { id: string; attempts: string[] };

/** Drains the stack's outbox at a time; gives what left, each with the attempts it tells of. */
async function drain(stackId: string, now: number, answer: Result<undefined, { message: string; again: boolean }>) {
  const left: Left[] = [];
  const perform = (effect: PlainEffect) => {
    const attempts = changesOf(effect.payload as Notification).map(({ attemptId }) => attemptId);
    left.push({ id: effect.id, attempts });
    return Promise.resolve(answer);
  };
  const written = () => Promise.resolve(true);
  const recording = { dead: written, told: written, answered: written };
  await drainOutbox({ db, now: () => now, random: () => 0.5, perform, dispatching }, stackId, recording);
  return left;
}

/** No hand-over is among these effects. */
const dispatching = {
  db,
  driver: () => expect.unreachable("nothing is handed over"),
} as unknown as Parameters<typeof drainOutbox>[0]["dispatching"];

async function addEffect(stackId: string, n: number, more: { target?: string; grouped?: boolean } = {}): Promise<void> {
  const { target = "slack", grouped = true } = more;
  const at = new Date(NOW - 60_000 + n).toISOString();
  const payload: Notification = {
    event: "changed",
    stackId,
    attemptId: `${stackId}.${n}`,
    operation: "maintain",
    tag: `v1.${n}.0`,
    onto: `refs/tags/v1.${n}.0`,
    reason: null,
    candidates: [],
    at,
    grouped,
  };
  await db.insert(outbox).values({
    id: `${stackId}.${n}:${target}`,
    stackId,
    kind: `notify.${target}` as "notify.slack",
    payload,
    status: "pending",
    nextAt: new Date(NOW).toISOString(),
    createdAt: at,
  });
}

async function statuses(stackId: string): Promise<Record<string, string>> {
  const rows = await db.select().from(outbox).where(eq(outbox.stackId, stackId));
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]));
}

it("sends what is due to one target as one message, in the order it happened", async () => {
  for (const n of [2, 1, 3]) await addEffect("flock", n);
  await addEffect("flock", 4, { target: "discord" });
  await addEffect("flock", 5, { grouped: false });
  const left = await drain("flock", NOW, ok(undefined));
  expect(left.map(({ attempts }) => attempts).toSorted(([a = ""], [b = ""]) => a.localeCompare(b))).toEqual([
    ["flock.1", "flock.2", "flock.3"],
    ["flock.4"],
    ["flock.5"],
  ]);
  const ends = Object.values(await statuses("flock")).toSorted();
  expect(ends).toEqual(["folded", "folded", "sent", "sent", "sent"]);
  expect(await drain("flock", NOW + 86_400_000, ok(undefined))).toEqual([]);
});

it("tries the same message again under its id; what came meanwhile is another", async () => {
  for (const n of [1, 2]) await addEffect("again", n);
  const [first, ...more] = await drain("again", NOW, fail({ message: "503", again: true }));
  expect(more).toEqual([]);
  expect(first?.attempts).toEqual(["again.1", "again.2"]);
  await addEffect("again", 3);
  const left = await drain("again", NOW + 3_600_000, ok(undefined));
  expect(left.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
    first,
    { id: "again.3:slack", attempts: ["again.3"] },
  ]);
});
