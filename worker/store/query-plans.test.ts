/**
 * Every list is served by an index: SQLite says how it would run each query, and D1 how many rows it
 * read. A list that sorts, or reads what it does not give, fails here before it is slow anywhere.
 *
 * The one exception is what the cron claims: an index for that would be written by every poll.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { countedD1, noCount } from "../../harness/edge/counted-d1.ts";
import { type Recorded, recordedD1 } from "../../harness/edge/recorded-d1.ts";
import { OPEN_STATUSES, TERMINAL_STATUSES } from "../contract/attempt.ts";
import { readAcceptance } from "./acceptance.ts";
import { lastAttempt, listAttempts } from "./attempts.ts";
import { type Database, openDatabase } from "./database.ts";
import { listCandidates, listDispatches, waitingDispatches } from "./dispatches.ts";
import { listSignals } from "./feed-entries.ts";
import { listSources } from "./feed-sources.ts";
import { listEvents } from "./flow-events.ts";
import { claimedForecast, claimForecast, listForecasts } from "./forecasts.ts";
import { listDeadLetters, listWaiting } from "./interventions.ts";
import { dueEffects, nextEffectAt } from "./outbox.ts";
import { readOverview, StackFilter } from "./overview.ts";
import { batchSources, claimBatches } from "./poll-batches.ts";
import { listRunners } from "./runners.ts";
import { listStacks, loadStack, overdueStacks } from "./stacks.ts";
import { listTokens } from "./tokens.ts";
import { attemptsOn, signalsAbout } from "./why.ts";

const SOURCE_CONFIG = JSON.stringify({
  provider: "git",
  url: "https://git.test/feed",
  event: "tag",
  target: { mode: "notify_only" },
});
const STACK_CONFIG = JSON.stringify({
  upstream: { url: "https://git.test/up" },
  fork: { url: "https://git.test/fork" },
  branch: "patched",
});

const LIMIT = 5;
const SPARE = 10;
const AT = "2026-01-01T00:00:00.000Z";
const STATUSES = [...OPEN_STATUSES, ...TERMINAL_STATUSES];

/** Four hundred attempts and what belongs to them, in four stacks; one event has a hundred of them. */
beforeAll(async () => {
  const series = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 399),
    a AS (SELECT i, 's' || (i % 4) AS stack, 's' || (i % 4) || '.' || (i / 4 + 1) AS attempt,
      iif(i % 4 = 1, 'e1', 'e' || i) AS event, json_extract(?1, '$[' || (i / 4 % 13) || ']') AS status FROM n)`;
  const insert = (sql: string) => env.DB.prepare(sql).bind(JSON.stringify(STATUSES)).run();
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO stacks (id, config, deleted_at, next_action_at, created_at, updated_at)
      SELECT 's' || value, '${STACK_CONFIG}', iif(value > 3 AND value % 2, ?1, NULL), ?1, ?1, ?1 FROM NUMBERS`.replace(
        "NUMBERS",
        "(WITH RECURSIVE n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 199) SELECT value FROM n)",
      ),
    ).bind(AT),
    env.DB.prepare(`INSERT INTO feed_sources (id, config, consecutive_failures, last_success_at, created_at, updated_at)
      SELECT 'f' || position, '${SOURCE_CONFIG}', 1, iif(position % 2, NULL, ?1), ?1, ?1 FROM stacks`).bind(AT),
  ]);
  await insert(`INSERT INTO flow_events (id, type, received_at, payload) ${series}
    SELECT 'e' || i, iif(i % 40 = 2, 'upstream.push', 'upstream.release'), '${AT}',
      json_object('entry', json_object('entryId', 'v' || i, 'tag', 'v' || i)) FROM a WHERE ?1 IS NOT NULL`);
  await insert(`INSERT INTO deliveries (event_id, stack_id, status, created_at) ${series}
    SELECT 'e' || i, stack, 'accepted', '${AT}' FROM a WHERE ?1 IS NOT NULL`);
  await insert(`INSERT INTO maintenance_attempts (id, stack_id, event_id, number, operation, status, epoch, retries, onto, movement,
      candidates, created_at, updated_at) ${series}
    SELECT attempt, stack, event, i / 4 + 1, 'maintain', status, 1, 0, 'HEAD', 'tag:v' || i, '[]', '${AT}', '${AT}' FROM a`);
  await insert(`INSERT INTO dispatches (id, attempt_id, event_id, stack_id, epoch, driver, labels, status, created_at) ${series}
    SELECT attempt || '.1', attempt, event, stack, 1, 'pull', iif(i % 50 = 0, '["big"]', '["other"]'),
      iif(i % 2, 'ended', 'waiting'), '${AT}' FROM a WHERE ?1 IS NOT NULL`);
  await insert(`INSERT INTO candidates (id, stack_id, attempt_id, event_id, kind, ref, oid, created_at) ${series}
    SELECT attempt || '.c1', stack, attempt, event, 'branch', 'x', 'y', '${AT}' FROM a WHERE ?1 IS NOT NULL`);
  await insert(`INSERT INTO feed_signals (source_id, entry_id, revision, entry, disposition, decisions, seen_at) ${series}
    SELECT 'f' || (i % 4 + 1), 'id' || i, 0, json_object(iif(i % 8 = 2, 'version', 'tag'), 'v' || i), 'event', '[]', '${AT}'
    FROM a WHERE ?1 IS NOT NULL`);
  await env.DB.prepare(`INSERT INTO source_stacks (source_id, stack_id) VALUES ('f3', 's2'), ('f4', 's2')`).run();
  await insert(`INSERT INTO outbox (id, stack_id, attempt_id, kind, payload, status, tries, next_at, created_at) ${series}
    SELECT 'o' || i, stack, attempt, 'notify.discord', '{}', iif(i % 4 = 2, 'pending', iif(i % 4, 'dead', 'sent')), 1, '${AT}', '${AT}'
    FROM a WHERE ?1 IS NOT NULL`);
});

type Query = (db: Database) => Promise<unknown>;

/** By name; `whole` marks walks over a table in its own order, which need no other index. */
const QUERIES: [string, Query, "whole"?][] = [];
for (const before of [undefined, 200]) {
  const add = (name: string, query: Query, whole?: "whole") =>
    QUERIES.push([
      before === undefined ? name : `${name}, later page`,
      query,
      ...(whole === undefined ? [] : [whole]),
    ] as [string, Query, "whole"?]);
  for (const eventId of [undefined, "e1"])
    for (const stackId of [undefined, "s1"])
      for (const statuses of [undefined, ["failed"], OPEN_STATUSES, STATUSES.slice(0, 9)] as const) {
        const filter = { eventId, stackId, statuses };
        const none = eventId === undefined && stackId === undefined && statuses === undefined;
        add(
          `attempts by ${JSON.stringify(filter)}`,
          (db) => listAttempts(db, filter, LIMIT, before),
          none ? "whole" : undefined,
        );
      }
  for (const eventId of [undefined, "e1"])
    for (const statuses of [undefined, ["waiting"], ["waiting", "claimed"]] as const)
      add(
        `dispatches by ${JSON.stringify({ eventId, statuses })}`,
        (db) => listDispatches(db, { eventId, statuses }, LIMIT, before),
        eventId === undefined && statuses === undefined ? "whole" : undefined,
      );
  for (const type of [undefined, "upstream.push"] as const)
    for (const stackId of [undefined, "s2"])
      add(
        `events by ${JSON.stringify({ type, stackId })}`,
        (db) => listEvents(db, { type, stackId }, LIMIT, before),
        type === undefined && stackId === undefined ? "whole" : undefined,
      );
  add("candidates", (db) => listCandidates(db, {}, LIMIT, before), "whole");
  add("candidates by stack", (db) => listCandidates(db, { stackId: "s1" }, LIMIT, before));
  add("signals", (db) => listSignals(db, undefined, LIMIT, before), "whole");
  add("signals by source", (db) => listSignals(db, "f1", LIMIT, before));
  add("stacks", (db) => listStacks(db, LIMIT, before));
  add("sources", (db) => listSources(db, LIMIT, before), "whole");
  add("runners", (db) => listRunners(db, LIMIT, before), "whole");
  add("tokens", (db) => listTokens(db, LIMIT, before), "whole");
}
QUERIES.push(
  ["interventions", (db) => listWaiting(db, "2027-01-01", LIMIT, {})],
  [
    "interventions, later page",
    (db) =>
      listWaiting(db, "2027-01-01", LIMIT, { attempt: { since: AT, id: "s2" }, effect: { since: AT, id: "o300" } }),
  ],
  ["dead letters", (db) => listDeadLetters(db, LIMIT, { since: AT, id: "o100" })],
  ["overdue stacks", (db) => overdueStacks(db, "2027-01-01", LIMIT)],
  ["due effects", (db) => dueEffects(db, "s2", "2027-01-01", LIMIT)],
  ["next effect", (db) => nextEffectAt(db, "s2")],
  ["last attempt of an event", (db) => lastAttempt(db, "e1", "s1")],
);

describe("a list reads no more than it gives", () => {
  it.each(QUERIES)("%s", async (_, query, whole) => {
    const seen: Recorded[] = [];
    await query(openDatabase(recordedD1(env.DB, seen)));
    expect(seen.length).toBeGreaterThan(0);
    for (const { sql, values } of seen) {
      const steps = await plan(sql, values);
      expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
      if (whole === undefined) expect(steps.filter((step) => /^SCAN (?!json_each|d$)/.test(step))).toEqual([]);
    }
    const count = noCount();
    await query(openDatabase(countedD1(env.DB, count, true)));
    expect(count.rowsRead).toBeLessThanOrEqual(LIMIT + SPARE);
  });
});

describe("what a command reads does not grow with the stack's history", () => {
  it("accept", async () => {
    const count = noCount();
    const db = openDatabase(countedD1(env.DB, count, true));
    const record = await readAcceptance(db, "s2", ["e2", "e6"]);
    expect([...record.firstAttempts.values()].toSorted()).toEqual(["s2.1", "s2.2"]);
    expect(count.requests).toBe(1);
    expect(count.rowsRead).toBeLessThan(60);
  });

  it("why", async () => {
    const count = noCount();
    const seen: Recorded[] = [];
    const db = openDatabase(recordedD1(countedD1(env.DB, count, true), seen));
    expect((await attemptsOn(db, "s2", ["v2", "v6", "v1000"])).map((a) => a.id)).toEqual(["s2.1", "s2.2"]);
    // By a tag, and by a version that no tag names; v1 is of a source that the stack does not follow.
    const signals = await signalsAbout(db, "s2", ["v2", "v6", "v7", "v1"]);
    expect(signals.map(({ entryId }) => entryId)).toEqual(["id2", "id6", "id7"]);
    expect(count.rowsRead).toBeLessThan(40);
    const steps = (await Promise.all(seen.map(({ sql, values }) => plan(sql, values)))).flat();
    expect(steps.filter((step) => /^SCAN (?!json_each)|TEMP B-TREE/.test(step))).toEqual([]);
    expect(steps.filter((step) => step.includes("feed_signals_version (source_id=? AND <expr>=?)"))).toHaveLength(1);
  });

  it("a runner is given a due forecast for its labels, and forecasts of others are not read", async () => {
    await env.DB.batch([
      env.DB.prepare(`INSERT INTO forecast_plans (stack_id, every_seconds, labels, due_at)
        SELECT id, 900, iif(position % 50 = 7, '["big"]', '["other"]'), ?1 FROM stacks`).bind(AT),
      env.DB.prepare(`INSERT INTO forecasts (stack_id, number, at, outcome, runner, seconds)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        SELECT 's2', i, ?1, 'failed', 'r', 1 FROM n`).bind(AT),
    ]);
    const count = noCount();
    const seen: Recorded[] = [];
    const db = openDatabase(recordedD1(countedD1(env.DB, count, true), seen));
    const BIG = /^s(?:6|56|106|156)$/;
    const claim = { nonce: "n1", runner: "r", now: "2026-02-01", until: "2026-02-02" };
    expect(await claimForecast(db, { ...claim, labels: ["big", "fast"] })).toMatch(BIG);
    expect((await claimedForecast(db, "n1"))?.stackId).toMatch(BIG);
    expect(count.rowsRead).toBeLessThan(25);
    const many = ["a", "b", "big", "c", "d", "e", "f"];
    expect(await claimForecast(openDatabase(env.DB), { ...claim, nonce: "n2", labels: many })).toMatch(BIG);
    const before = count.rowsRead;
    expect((await listForecasts(db, "s2", LIMIT, 200)).map((f) => f.number)).toEqual([199, 198, 197, 196, 195, 194]);
    expect(count.rowsRead - before).toBeLessThanOrEqual(2 * LIMIT);
    // What is sorted is one row for each set of labels.
    for (const { sql, values } of seen)
      for (const step of await plan(sql, values)) expect(step).not.toMatch(/^SCAN (?!wanted|json_each)/);
  });

  it("the overview: of each stack of the page what is newest, in one request", async () => {
    for (const show of StackFilter.options) {
      const count = noCount();
      const seen: Recorded[] = [];
      const db = openDatabase(recordedD1(countedD1(env.DB, count, true), seen));
      const { stacks } = await readOverview(db, { find: "", show, after: "s1", limit: LIMIT });
      for (const { sql, values } of seen)
        expect((await plan(sql, values)).filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
      if (show !== "all") continue;
      expect(stacks).toHaveLength(LIMIT + 1);
      expect(count.requests).toBe(1);
      expect(count.rowsRead).toBeLessThan(12 * (LIMIT + 1) + 60);
    }
  });

  it("the claim of what is due reads each source once, so that a poll writes one row, and a batch its own sources", async () => {
    await env.DB.prepare("UPDATE feed_sources SET next_poll_at = ?1 WHERE position % 2 = 0").bind(AT).run();
    const sources = (await env.DB.prepare("SELECT count(*) AS n FROM feed_sources").first<number>("n")) ?? 0;
    const count = noCount();
    const seen: Recorded[] = [];
    const db = openDatabase(recordedD1(countedD1(env.DB, count, true), seen));
    const now = Date.parse(AT);
    const batches = await claimBatches(db, now, 10);
    expect(batches).toHaveLength(sources / 20);
    const steps = (await Promise.all(seen.map(({ sql, values }) => plan(sql, values)))).flat();
    expect(steps.filter((step) => step.startsWith("SCAN feed_sources"))).toHaveLength(1);
    // What it writes is a row for each batch, and the last number of them.
    expect(count).toMatchObject({ statements: 2, rowsWritten: batches.length + 1 });
    // What is due is sorted, numbered and put together, each of which counts as read.
    const due = sources / 2;
    expect(count.rowsRead).toBeLessThan(sources + 6 * due);
    const claimed = count.rowsRead;
    expect(await claimBatches(db, now, 10)).toEqual([]);
    // What is under way is looked up among the batches' names.
    expect(count.rowsRead - claimed).toBeLessThan(sources + 3 * due);
    const before = count.rowsRead;
    const [first] = batches;
    expect((await batchSources(db, first?.id ?? 0, now)).rows).toHaveLength(10);
    expect(count.rowsRead - before).toBeLessThan(40);
    await env.DB.prepare("DELETE FROM poll_batches").run();
  });

  it("loading a stack reads its open attempts alone", async () => {
    const count = noCount();
    await loadStack(openDatabase(countedD1(env.DB, count, true)), "s2");
    const open = await env.DB.prepare(
      "SELECT count(*) AS n FROM maintenance_attempts WHERE stack_id = 's2' AND status IN ('queued','dispatched','running','blocked','needs_intervention')",
    ).first<number>("n");
    expect(count.requests).toBe(1);
    expect(count.rowsRead).toBeLessThanOrEqual((open ?? 0) + 2 * OPEN_STATUSES.length + 2);
  });

  it("a runner looks only at work for its labels", async () => {
    const count = noCount();
    const found = await waitingDispatches(openDatabase(countedD1(env.DB, count, true)), "pull", ["big", "fast"], LIMIT);
    expect(found.map((d) => d.labels)).toEqual(Array.from({ length: LIMIT }, () => ["big"]));
    expect(count.rowsRead).toBeLessThan(8 * LIMIT);
    const many = await waitingDispatches(
      openDatabase(env.DB),
      "pull",
      ["a", "b", "big", "c", "d", "e", "f", "g"],
      LIMIT,
    );
    expect(many.map((d) => d.id)).toEqual(found.map((d) => d.id));
  });
});

async function plan(sql: string, values: readonly unknown[]): Promise<string[]> {
  const steps = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  return steps.results.map((step) => step.detail);
}
