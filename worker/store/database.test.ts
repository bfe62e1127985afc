/** Rows go in however large they are together: D1 takes 2 MB a parameter, and as much a row. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { countedD1, noCount } from "../../harness/edge/counted-d1.ts";
import { commit, insertRows, openDatabase } from "./database.ts";
import { importRecords } from "./record-import.ts";
import { flowEvents } from "./schema.ts";

/** Bytes of a parameter, as documented; here workerd takes more. https://developers.cloudflare.com/d1/platform/limits/ */
const MOST_BYTES = 2_000_000;

/** D1 with the platform's own limit. */
function limitedD1(real: D1Database): D1Database {
  return new Proxy(real, {
    get: (target, key) => {
      if (key === "prepare")
        return (text: string) => {
          const statement = target.prepare(text);
          const bind = statement.bind.bind(statement);
          statement.bind = (...values) => {
            const largest = Math.max(0, ...values.map((value) => new TextEncoder().encode(String(value)).length));
            if (largest > MOST_BYTES) throw new Error(`D1_ERROR: string or blob too big: SQLITE_TOOBIG (${largest})`);
            return bind(...values);
          };
          return statement;
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

const at = "2026-01-01T00:00:00.000Z";

/** An event whose text has so many characters, each of which JSON escapes, and JSON in JSON again. */
function event(id: string, characters: number, text = '"') {
  const payload = { entry: { entryId: id, observedAt: at, title: text.repeat(characters) } };
  return { id, type: "upstream.release" as const, sourceId: null, occurredAt: null, receivedAt: at, payload };
}

it("inserts rows up to the largest that D1 takes, among small ones", async () => {
  const db = openDatabase(limitedD1(env.DB));
  const many = (name: string, size: number, text?: string) =>
    Array.from({ length: 30 }, (_, i) => event(`${name}-${i}`, size, text));
  const rows = [
    ...many("small", 10),
    event("large", 990_000),
    ...many("middle", 50_000),
    ...many("wide", 20_000, "語"),
  ];
  expect(await commit(db, insertRows(db, flowEvents, rows as never[]))).toBeUndefined();
  const stored = await db.select({ id: flowEvents.id, payload: flowEvents.payload }).from(flowEvents);
  expect(stored.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  for (const [i, { payload }] of stored.entries()) expect(payload).toEqual(rows[i]?.payload);
});

it("imports lines that are larger together than one parameter with a few requests", async () => {
  const count = noCount();
  const db = openDatabase(countedD1(limitedD1(env.DB), count, false));
  const lines = Array.from({ length: 400 }, (_, i) => ({ kind: "event", record: event(`line-${i}`, 2000) }));
  const file = { sha256: "a".repeat(64), records: 400, at, version: "1" };
  const { new: made, refused } = await importRecords(db, lines, { id: `imp_${"0".repeat(24)}`, file, now: at });
  expect([made, refused.length]).toEqual([400, 0]);
  expect(count.requests).toBeLessThan(5);
});
