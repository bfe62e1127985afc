/** Old rows go in small batches; what open work and questions need stays. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { attemptsOf, call, changed, postRelease, stackWithRunner, tellResult } from "../../harness/edge/client.ts";
import { RETENTION_DEFAULTS, RetentionPolicy } from "../contract/retention.ts";
import { openDatabase } from "./database.ts";
import { retain } from "./retention.ts";

const DAY = 86_400_000;
const LONG_AGO = "2020-01-01T00:00:00.000Z";
const ALL = RetentionPolicy.parse("effects=7,reports=7,dispatches=7,signals=7,events=7,journal=7");
const db = openDatabase(env.DB);
const OLD = 450;
/** Reports before the last, which go with it. */
const EARLIER = 20;

async function rows(table: string, where = "true"): Promise<number> {
  return (await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).first<number>("n")) ?? -1;
}

/** As many rows as `n`, made from their own number `i`. */
async function fill(insert: string, n = OLD): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO ${insert.replace("{{i}}", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})`)}`,
  ).run();
}

/** Runs until a whole day brings nothing; gives the most rows that one run took of a kind. */
async function settle(from: number): Promise<number> {
  let most = 0;
  for (let now = from, still = 0; still < 3; now += 60_000) {
    const gone = await retain(db, ALL, now);
    most = Math.max(most, ...Object.values(gone));
    still = Object.keys(gone).length === 0 ? still + 1 : 0;
  }
  return most;
}

describe("retention", () => {
  const now = Date.parse("2030-01-01T00:00:00.000Z");

  beforeAll(async () => {
    const runner = await stackWithRunner("kept");
    for (const tag of ["v1.0.0", "v1.1.0"]) {
      await postRelease("kept", tag);
      const job = await runner.job();
      await tellResult(job, changed(job));
    }
    await postRelease("kept", "v1.2.0");
    await runner.job();
    const { event_id: eventId } = (await env.DB.prepare(
      "SELECT event_id FROM maintenance_attempts WHERE id = 'kept.1'",
    ).first<{ event_id: string }>()) ?? { event_id: "" };
    // Many that have ended long ago, in a stack that has gone on.
    await fill(`maintenance_attempts (id, stack_id, event_id, number, operation, status, epoch, retries, onto, movement, candidates,
        created_at, updated_at, ended_at)
      {{i}} SELECT 'kept.' || (i + 3), 'kept', '${eventId}', i + 3, 'maintain', 'changed', 1, 0, 'x', 'tag:old' || i, '[]',
        '${LONG_AGO}', '${LONG_AGO}', '${LONG_AGO}' FROM n`);
    await env.DB.prepare("UPDATE stacks SET attempt_count = ?1 WHERE id = 'kept'")
      .bind(OLD + 3)
      .run();
    await fill(
      `reports (attempt_id, epoch, report, at) {{i}} SELECT 'kept.' || (i + 3), 1, '{}', '${LONG_AGO}' FROM n`,
    );
    await fill(
      `earlier_reports (attempt_id, epoch, report, at) {{i}} SELECT 'kept.' || (i + 3), 0, '{}', '${LONG_AGO}' FROM n`,
      EARLIER,
    );
    await fill(`dispatches (id, attempt_id, event_id, stack_id, epoch, driver, labels, status, created_at)
      {{i}} SELECT 'old.' || i, 'kept.' || (i + 3), '${eventId}', 'kept', 1, 'pull', '[]', 'ended', '${LONG_AGO}' FROM n`);
    await fill(`outbox (id, stack_id, kind, payload, status, next_at, created_at)
      {{i}} SELECT 'old.' || i, 'kept', 'notify.discord', '{}', iif(i % 10 = 0, 'dead', 'sent'), '${LONG_AGO}', '${LONG_AGO}' FROM n`);
    await fill(`flow_events (id, type, received_at, payload)
      {{i}} SELECT 'nobody:' || i, 'upstream.push', '${LONG_AGO}', '{"entry":{"entryId":"x"}}' FROM n`);
    const source = { provider: "git", url: "https://git.test.org/up", event: "tag", enabled: false };
    await call("PUT", "/feed-sources/old", { ...source, target: { mode: "notify_only" } });
    await fill(`feed_signals (source_id, entry_id, revision, entry, disposition, decisions, seen_at)
      {{i}} SELECT 'old', 'e' || i, 0, iif(i % 3 = 0, json_object('entryId', 'e' || i, 'tag', 'v' || i), json_object('entryId', 'e' || i)),
        'primed', '[]', '${LONG_AGO}' FROM n`);
    await fill(
      "feed_entries (source_id, entry_id, fingerprint, first_seen_at, last_seen_at) {{i}} " +
        `SELECT 'old', 'e' || i, 'x', '${LONG_AGO}', '${LONG_AGO}' FROM n`,
      100,
    );
    await env.DB.prepare(`UPDATE dispatches SET created_at = ?1`).bind(LONG_AGO).run();
  });

  it("by default keeps events, signals and the journal for ever", async () => {
    expect(RETENTION_DEFAULTS).toMatchObject({ events: null, signals: null, journal: null });
    const before = await Promise.all([rows("flow_events"), rows("feed_signals"), rows("journal")]);
    await retain(db, RETENTION_DEFAULTS, now);
    expect(await Promise.all([rows("flow_events"), rows("feed_signals"), rows("journal")])).toEqual(before);
    await env.DB.prepare("DELETE FROM retention_sweeps").run();
  });

  it("takes a bounded batch at a time, and comes to an end", async () => {
    const open = (await attemptsOf("kept")).find(({ status }) => status === "running");
    expect(open?.id).toBe("kept.3");
    expect(await settle(now)).toBeLessThanOrEqual(200 + EARLIER);
    expect(await rows("outbox", "status = 'sent'")).toBe(0);
    expect(await rows("outbox", "status = 'dead'")).toBe(OLD / 10);
    expect(await rows("flow_events", "id LIKE 'nobody:%'")).toBe(0);
    // Of the reports the newest 60 attempts' stay; of the signals those with a tag, or whose entry is known.
    expect(await rows("reports")).toBe(60);
    expect(await rows("earlier_reports")).toBe(0);
    expect(await rows("feed_signals")).toBe(OLD / 3 + 100 - 33);
    expect(await rows("dispatches", "id LIKE 'old.%'")).toBe(0);
  });

  it("leaves open work as it was, its journal whole from its first fact on", async () => {
    const { results } = await env.DB.prepare(
      "SELECT seq, attempt_id FROM journal WHERE stack_id = 'kept' ORDER BY seq",
    ).all();
    const seqs = results.map(({ seq }) => Number(seq));
    expect(seqs).toEqual(seqs.map((_, i) => (seqs[0] ?? 0) + i));
    expect(seqs[0]).toBeGreaterThan(1);
    expect(results[0]).toMatchObject({ attempt_id: "kept.3" });
    expect(await rows("dispatches", "attempt_id = 'kept.3'")).toBe(1);
    expect(await rows("flow_events", "id LIKE 'patch:by-hand-kept:%'")).toBe(3);
    const cancelled = await call("POST", "/maintenance-attempts/kept.3/cancel", {});
    expect(cancelled.status).toBe(200);
    // What was passed over is looked at again a month later.
    await settle(now + 40 * DAY);
    expect(await rows("journal", "stack_id = 'kept' AND attempt_id = 'kept.3'")).toBeGreaterThan(0);
  });

  it.each(["reports=1", "reports", "nothing=30", "journal=-5", "journal=forever", ""])("refuses %s", (text) => {
    expect(RetentionPolicy.safeParse(text).success).toBe(false);
  });
});
