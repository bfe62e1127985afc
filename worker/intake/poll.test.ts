import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { call, declareStack } from "../../harness/edge/client.ts";
import { countedD1, noCount } from "../../harness/edge/counted-d1.ts";
import type { FeedSourceConfig } from "../contract/feed-source.ts";
import { StackConfig } from "../contract/stack.ts";
import { listSignals, pendingDeliveries } from "../store/feed-entries.ts";
import { deliverPending } from "./deliver.ts";
import { pollSources } from "./poll.ts";
import {
  addressOf,
  atom,
  db,
  declare,
  failingBatch,
  pkt,
  repositoryOf,
  START,
  signals,
  source,
  Upstream,
} from "./testing/played-upstream.ts";

async function deliveriesTo(stackId: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT event_id || ' ' || status AS line FROM deliveries WHERE stack_id = ? ORDER BY position",
  )
    .bind(stackId)
    .all<{ line: string }>();
  return results.map((row) => row.line);
}

const eventId = (id: string, tag: string): string =>
  `patch:${id}:tag:github.com,2008:Repository/1/${tag}:upstream.release`;

beforeAll(async () => {
  for (const id of ["red", "blue", "green"]) {
    const config = StackConfig.parse({
      upstream: { url: "https://github.com/acme/rocket" },
      fork: { url: "https://github.com/us/rocket" },
      branch: "ours",
    });
    await env.PATCH_STACK.getByName(id).configure(id, config, "test");
  }
});

describe("pollSources", { timeout: 60_000 }, () => {
  it("primes, then hands each new release to the stack once, oldest first", async () => {
    const upstream = new Upstream();
    await declare("first", { target: { mode: "maintain", stacks: ["red"] } });
    upstream.feed("first", ["v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["first"]);
    expect(await signals("first")).toEqual(["v1.0.0 r0 primed", "v1.1.0 r0 primed"]);
    expect(await deliveriesTo("red")).toEqual([]);

    upstream.feed("first", ["v1.3.0", "v1.2.0", "v1.2.0-rc.1", "v1.1.0", "v1.0.0"]);
    for (let i = 0; i < 10; i++) await pollSources(upstream.context(), ["first"]);
    upstream.feed("first", ["v1.0.0", "v1.2.0", "v1.3.0"]);
    await pollSources(upstream.context(), ["first"]);
    expect((await signals("first")).slice(2)).toEqual([
      "v1.2.0-rc.1 r0 filtered",
      "v1.2.0 r0 event",
      "v1.3.0 r0 event",
    ]);
    expect(await deliveriesTo("red")).toEqual([
      `${eventId("first", "v1.2.0")} accepted`,
      `${eventId("first", "v1.3.0")} accepted`,
    ]);
    await pollSources(upstream.context(), ["first"]);
    expect(await source("first")).toMatchObject({ primed: true, lastOutcome: "unchanged", consecutiveFailures: 0 });
  });

  it("keeps an edit as a revision, which is an event where the source asks for it", async () => {
    const upstream = new Upstream();
    await declare("edits");
    upstream.feed("edits", ["v1.0.0"]);
    await pollSources(upstream.context(), ["edits"]);
    upstream.feed("edits", ["v1.0.0*"]);
    await pollSources(upstream.context(), ["edits"]);
    expect(await signals("edits")).toEqual(["v1.0.0 r0 primed", "v1.0.0 r1 edited"]);
    await declare("edits", { edits: true });
    upstream.feed("edits", ["v1.0.0**"]);
    await pollSources(upstream.context(), ["edits"]);
    const { results } = await env.DB.prepare("SELECT type, stack_ids FROM flow_events WHERE source_id = 'edits'").all();
    expect(results).toEqual([{ type: "upstream.edited", stack_ids: "[]" }]);
  });

  it("tells a release that was taken back and is there again, once, and no stack acts on it twice", async () => {
    const upstream = new Upstream();
    await declareStack("returns");
    await declare("returned", { target: { mode: "maintain", stacks: ["returns"] } });
    const poll = async (tags: string[] | undefined) => {
      if (tags === undefined) upstream.answer("returned", 304);
      else upstream.feed("returned", tags);
      await pollSources(upstream.context(), ["returned"]);
    };
    await poll(["v1.0.0"]);
    await poll(["v1.1.0", "v1.0.0"]);
    await poll(["v1.0.0"]);
    await poll(["v1.1.0", "v1.0.0"]);
    expect(await signals("returned")).toEqual(["v1.0.0 r0 primed", "v1.1.0 r0 event"]);
    await poll(["v1.0.0"]);
    await poll(undefined);
    for (let i = 0; i < 2; i++) await poll(["v1.1.0", "v1.0.0"]);
    expect((await signals("returned")).slice(2)).toEqual(["v1.1.0 r1 republished"]);
    const entry = "tag:github.com,2008:Repository/1/v1.1.0";
    expect(await deliveriesTo("returns")).toEqual([
      `patch:returned:${entry}:upstream.release accepted`,
      `patch:returned:${entry}:upstream.republished:r1 accepted`,
    ]);
    const attempts = await env.DB.prepare(
      "SELECT status, json_extract(reason, '$.code') AS code FROM maintenance_attempts WHERE stack_id = 'returns' ORDER BY number",
    ).all();
    expect(attempts.results.map(({ status, code }) => `${String(status)} ${String(code)}`).at(-1)).toBe(
      "skipped same_movement",
    );
  });

  it("tells a bare tag that became a release, once", async () => {
    const upstream = new Upstream();
    await declare("promoted", { target: { mode: "maintain", stacks: ["red"] } });
    const say = (title: string, body: string) =>
      upstream.answers.set(
        addressOf("promoted"),
        () =>
          new Response(
            `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>tag:github.com,2008:Repository/1/v0.1.0</id>
             <link href="https://github.com/acme/x/releases/tag/v0.1.0"/><title>${title}</title>
             <content type="html">${body}</content></entry></feed>`,
          ),
      );
    for (const [title, body] of [
      ["v0.1.0", "&lt;p&gt;The first&lt;/p&gt;"],
      ["v0.1.0", "&lt;h2&gt;The first&lt;/h2&gt; &lt;ul&gt;&lt;li&gt;Engines&lt;/li&gt;&lt;/ul&gt;"],
      ["Rocket 0.1", "&lt;h2&gt;The first&lt;/h2&gt;"],
    ] as const) {
      say(title, body);
      await pollSources(upstream.context(), ["promoted"]);
    }
    expect(await signals("promoted")).toEqual(["v0.1.0 r0 primed", "v0.1.0 r1 event", "v0.1.0 r2 edited"]);
    expect(await deliveriesTo("red")).toContain(
      "patch:promoted:tag:github.com,2008:Repository/1/v0.1.0#release:upstream.release accepted",
    );
  });

  it("lets go of entries that no feed showed for half a year, and knows them when they come back", async () => {
    const upstream = new Upstream();
    await declare("evicted");
    const rows = async () =>
      (
        await env.DB.prepare(
          "SELECT tag FROM feed_entries WHERE source_id = 'evicted' AND entry_id <> '' ORDER BY tag",
        ).all<{ tag: string }>()
      ).results.map(({ tag }) => tag);
    const poll = async (day: number, tags: string[]) => {
      upstream.now = START + day * 86_400_000;
      upstream.feed("evicted", tags);
      await pollSources(upstream.context(), ["evicted"]);
    };
    await poll(0, ["v1.1.0", "v1.0.0"]);
    await poll(1, ["v1.2.0", "v1.1.0"]);
    // What stood there at the last poll and does now was there all the time.
    await poll(200, ["v1.2.0", "v1.1.0"]);
    expect(await rows()).toEqual(["v1.1.0", "v1.2.0"]);
    await poll(300, ["v1.3.0", "v1.2.0"]);
    await poll(390, ["v1.4.0", "v1.3.0"]);
    expect(await rows()).toEqual(["v1.2.0", "v1.3.0", "v1.4.0"]);
    const before = await signals("evicted");
    await poll(391, ["v1.1.0", "v1.0.0"]);
    expect(await signals("evicted")).toEqual(before);
    await poll(392, ["v1.1.0*", "v1.0.0"]);
    expect((await signals("evicted")).slice(before.length)).toEqual(["v1.1.0 r1 edited"]);
  });

  it("sends the validators of the last answer that was taken in, and understands 304", async () => {
    const upstream = new Upstream();
    await declare("validators");
    upstream.feed("validators", ["v1.0.0"], { etag: '"one"', "last-modified": "Sun, 22 Nov 2026 11:00:00 GMT" });
    await pollSources(upstream.context(), ["validators"]);
    upstream.answer("validators", 304);
    await pollSources(upstream.context(), ["validators"]);
    const asked = upstream.asked.filter(({ url }) => url === addressOf("validators"));
    expect(asked.map(({ headers }) => headers.get("if-none-match"))).toEqual([null, '"one"']);
    expect(asked[1]?.headers.get("if-modified-since")).toBe("Sun, 22 Nov 2026 11:00:00 GMT");
    expect(await source("validators")).toMatchObject({ lastOutcome: "not_modified", etag: '"one"' });
  });

  it("remembers nothing of an answer that could not be stored", async () => {
    const upstream = new Upstream();
    await declare("crash");
    upstream.feed("crash", ["v1.0.0"], { etag: '"one"' });
    await pollSources(upstream.context(), ["crash"]);
    upstream.feed("crash", ["v1.1.0", "v1.0.0"], { etag: '"two"' });
    expect(await pollSources(upstream.context({ DB: failingBatch(env.DB, "INSERT INTO") }), ["crash"])).toEqual([
      { sourceId: "crash", outcome: "retry" },
    ]);
    expect(await source("crash")).toMatchObject({ etag: '"one"' });
    expect(await signals("crash")).toEqual(["v1.0.0 r0 primed"]);
    await pollSources(upstream.context(), ["crash"]);
    expect(await signals("crash")).toEqual(["v1.0.0 r0 primed", "v1.1.0 r0 event"]);
    expect(await source("crash")).toMatchObject({ etag: '"two"' });
  });

  it("keeps what an object did not take, for later, and other stacks apart from it", async () => {
    const upstream = new Upstream();
    await declare("delivery", { primeOnly: false, target: { mode: "maintain", stacks: ["blue", "green"] } });
    upstream.feed("delivery", ["v1.0.0"]);
    await pollSources(upstream.context({ PATCH_STACK: without("blue") }), ["delivery"]);
    expect(await deliveriesTo("blue")).toEqual([`${eventId("delivery", "v1.0.0")} pending`]);
    expect(await deliveriesTo("green")).toEqual([`${eventId("delivery", "v1.0.0")} accepted`]);
    expect(await deliverPending(env)).toEqual({ delivered: 1, failed: 0 });
    expect(await deliveriesTo("blue")).toEqual([`${eventId("delivery", "v1.0.0")} accepted`]);
    expect([...(await pendingDeliveries(db, 10))]).toEqual([]);
  });

  it("shows failures on their own source, backs off, and touches no other", async () => {
    const upstream = new Upstream();
    const slow = "https://slow.example.org/acme/slow/releases.atom";
    for (const id of ["down", "html", "fine"]) await declare(id, { pollIntervalSeconds: 300 });
    await declare("slow", { url: slow });
    upstream.answers.set(addressOf("html"), () => new Response("<html><title>Log in</title></html>"));
    upstream.answers.set(slow, () => new Response(null, { status: 429, headers: { "retry-after": "7200" } }));
    upstream.feed("fine", ["v1.0.0"]);
    const ids = ["down", "html", "slow", "fine"];
    for (let i = 0; i < 2; i++) await pollSources(upstream.context(), ids);
    expect(await source("down")).toMatchObject({
      lastOutcome: "failed",
      consecutiveFailures: 2,
      lastError: { code: "network", at: "2026-11-22T12:00:00.000Z" },
      nextPollAt: "2026-11-22T12:10:00.000Z",
      primed: false,
    });
    expect(await source("html")).toMatchObject({ lastError: { code: "feed_html" } });
    expect(await source("slow")).toMatchObject({ consecutiveFailures: 2, nextPollAt: "2026-11-22T14:00:00.000Z" });
    expect(await source("fine")).toMatchObject({ lastOutcome: "unchanged", consecutiveFailures: 0, lastError: null });
    upstream.feed("down", []);
    await pollSources(upstream.context(), ["down"]);
    expect(await source("down")).toMatchObject({ lastOutcome: "changed", consecutiveFailures: 0, lastError: null });
  });

  it("leaves a host alone that asks for it, with all its sources, and no other", async () => {
    const upstream = new Upstream();
    const busy = Array.from({ length: 12 }, (_, i) => `busy-${i}`);
    const url = (id: string): string => `https://busy.example.org/acme/${id}/releases.atom`;
    for (const id of [...busy, "busy-later"]) await declare(id, { url: url(id) });
    await declare("elsewhere", { pollIntervalSeconds: 30 });
    for (const id of busy)
      upstream.answers.set(url(id), () => new Response(null, { status: 429, headers: { "retry-after": "3600" } }));
    upstream.feed("elsewhere", ["v1.0.0"]);
    const outcomes = await pollSources(upstream.context(), [...busy, "elsewhere"]);
    expect(upstream.asked.filter(({ url: asked }) => asked.endsWith("releases.atom"))).toHaveLength(6);
    expect(outcomes.filter(({ outcome }) => outcome === "skipped")).toHaveLength(7);
    for (const id of [...busy, "busy-later"]) expect((await source(id)).nextPollAt ?? "").toMatch(/^2026-11-22T13:0/);
    expect((await source("elsewhere")).nextPollAt).toBe("2026-11-22T12:00:30.000Z");
  });

  it("tells of a permanent move without following it on its own", async () => {
    const upstream = new Upstream();
    await declare("moved");
    upstream.answer("moved", 301, { location: addressOf("moved-here") });
    upstream.feed("moved-here", ["v1.0.0"]);
    await pollSources(upstream.context(), ["moved"]);
    expect(await source("moved")).toMatchObject({
      movedTo: addressOf("moved-here"),
      config: { url: addressOf("moved") },
    });
  });

  it("re-seeds a source whose rows are gone", async () => {
    const upstream = new Upstream();
    await declare("wiped");
    upstream.feed("wiped", ["v1.0.0"]);
    await pollSources(upstream.context(), ["wiped"]);
    await env.DB.batch([
      env.DB.prepare("DELETE FROM feed_entries WHERE source_id = 'wiped'"),
      env.DB.prepare("DELETE FROM feed_signals WHERE source_id = 'wiped'"),
    ]);
    upstream.feed("wiped", ["v1.2.0", "v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["wiped"]);
    upstream.feed("wiped", ["v1.3.0", "v1.2.0", "v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["wiped"]);
    expect((await signals("wiped")).filter((line) => line.endsWith("event"))).toEqual(["v1.3.0 r0 event"]);
  });

  it("finds the first release of a project that had none", async () => {
    const upstream = new Upstream();
    await declare("young");
    upstream.feed("young", []);
    await pollSources(upstream.context(), ["young"]);
    upstream.feed("young", ["v0.1.0"]);
    await pollSources(upstream.context(), ["young"]);
    expect(await signals("young")).toEqual(["v0.1.0 r0 event"]);
  });

  it("makes one event of two polls at the same time", async () => {
    const upstream = new Upstream();
    await declare("twice", { primeOnly: false });
    upstream.feed("twice", ["v1.1.0", "v1.0.0"]);
    await Promise.all([1, 2, 3].map(() => pollSources(upstream.context(), ["twice"])));
    expect(await signals("twice")).toEqual(["v1.0.0 r0 event", "v1.1.0 r0 event"]);
  });

  it("takes in a feed of thousands of entries as one", async () => {
    const upstream = new Upstream();
    await declare("huge");
    const tags = Array.from({ length: 3000 }, (_, i) => `v1.${3000 - i}.0`);
    upstream.feed("huge", tags);
    await pollSources(upstream.context(), ["huge"]);
    const count = await env.DB.prepare("SELECT count(*) AS n FROM feed_entries WHERE source_id = 'huge'").first("n");
    expect(count).toBe(3001);
  });

  it("costs a constant number of statements and one row written for each poll, however many are unchanged", async () => {
    const upstream = new Upstream();
    const ids = Array.from({ length: 60 }, (_, i) => `cheap-${i}`);
    for (const [i, id] of ids.entries()) {
      await declare(id, { target: { mode: "maintain", stacks: ["red"] } });
      // Some say all of it again, which is no news.
      if (i % 20 === 0) upstream.feed(id, ["v1.0.0"]);
      else upstream.answer(id, 304);
    }
    await pollSources(upstream.context(), ids);
    const count = noCount();
    const outcomes = await pollSources(upstream.context({ DB: countedD1(env.DB, count, false) }), ids);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["not_modified", "unchanged"]));
    expect(count).toMatchObject({ statements: 3, rowsWritten: ids.length });
  });
});

describe("the repository's refs", { timeout: 60_000 }, () => {
  const tags = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, i) => `v1.${to - i}.0`);
  const commits = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, "a"]));

  it("close the gap that a burst leaves: more releases than the feed shows, none lost, none twice", async () => {
    const upstream = new Upstream();
    await declare("burst", { target: { mode: "maintain", stacks: ["red"] } });
    upstream.feed("burst", tags(1, 10));
    upstream.repository("burst", commits(tags(1, 10)));
    await pollSources(upstream.context(), ["burst"]);
    upstream.feed("burst", tags(16, 25));
    upstream.answers.delete(repositoryOf("burst"));
    await pollSources(upstream.context(), ["burst"]);
    expect(await source("burst")).toMatchObject({ gapSince: "2026-11-22T12:00:00.000Z" });
    upstream.repository("burst", commits(tags(1, 25)));
    upstream.now += 6 * 60_000;
    for (let i = 0; i < 3; i++) await pollSources(upstream.context(), ["burst"]);
    expect(await source("burst")).toMatchObject({ gapSince: null });
    const events = (await signals("burst")).filter((line) => line.endsWith("event"));
    expect(events.toSorted()).toEqual(
      tags(11, 25)
        .map((tag) => `${tag} r0 event`)
        .toSorted(),
    );
    const delivered = (await deliveriesTo("red")).filter((line) => line.startsWith("patch:burst:"));
    expect(delivered).toHaveLength(15);
  });

  it("leave a gap that no repository can close in sight, with what to do, until one is named", async () => {
    const upstream = new Upstream();
    await declareStack("blind");
    const config = { provider: "feed" as const, url: "https://feeds.example.org/blind" };
    const more: Partial<FeedSourceConfig> = { ...config, target: { mode: "maintain", stacks: ["blind"] } };
    await declare("blind", more);
    for (const shown of [tags(1, 3), tags(7, 9)]) {
      upstream.answers.set(config.url, () => new Response(atom(shown)));
      await pollSources(upstream.context(), ["blind"]);
    }
    const since = "2026-11-22T12:00:00.000Z";
    const seen = await call("GET", "/feed-sources/blind");
    expect(seen.body).toMatchObject({
      source: { health: { gapSince: since, refsError: { code: "no_repository", message: /set repo\.webUrl/ } } },
    });
    const gaps = async () => JSON.stringify((await call("GET", "/healthz?deep=1")).body).includes("may have missed");
    expect(await gaps()).toBe(true);
    await declare("blind", { ...more, repo: { webUrl: "https://github.com/acme/blind.git" } });
    upstream.repository("blind", commits(tags(1, 9)));
    upstream.now = Date.parse("2026-11-22T12:10:00Z");
    await pollSources(upstream.context(), ["blind"]);
    expect(await source("blind")).toMatchObject({ gapSince: null, refsError: null });
    expect(await gaps()).toBe(false);
    // Nobody can say which of them are old: they are handed on when a person asks.
    expect((await signals("blind")).slice(6)).toEqual(
      tags(4, 6)
        .toReversed()
        .map((tag) => `${tag} r0 primed`),
    );
    const handed = await call("POST", "/stacks/blind/backfill", { since });
    expect(JSON.stringify(handed.body)).toContain("v1.5.0");
  });

  it("are read once a day, and tell what the feed never did", async () => {
    const upstream = new Upstream();
    await declare("daily");
    upstream.feed("daily", ["v1.1.0", "v1.0.0"]);
    upstream.repository("daily", commits(["v0.9.0", "v1.0.0", "v1.1.0"]));
    await pollSources(upstream.context(), ["daily"]);
    upstream.repository("daily", commits(["v0.9.0", "v1.0.0", "v1.0.1", "v1.1.0"]));
    await pollSources(upstream.context(), ["daily"]);
    expect(await signals("daily")).toHaveLength(2);
    upstream.now += 25 * 3_600_000;
    for (let i = 0; i < 2; i++) await pollSources(upstream.context(), ["daily"]);
    expect((await signals("daily")).slice(2)).toEqual(["v1.0.1 r0 event"]);
    upstream.feed("daily", ["v1.0.1", "v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["daily"]);
    expect((await signals("daily")).slice(3)).toEqual([]);
  });

  it("tell a moved tag, with both commits, once", async () => {
    const upstream = new Upstream();
    await declare("moves");
    upstream.feed("moves", ["v1.0.0"]);
    upstream.repository("moves", { "v1.0.0": "a" });
    for (const commit of ["a", "b", "b"]) {
      upstream.repository("moves", { "v1.0.0": commit });
      await pollSources(upstream.context(), ["moves"]);
      upstream.now += 25 * 3_600_000;
    }
    await pollSources(upstream.context(), ["moves"]);
    expect(await signals("moves")).toEqual(["v1.0.0 r0 primed", "v1.0.0 r1 moved"]);
    const event = await env.DB.prepare("SELECT type, payload FROM flow_events WHERE source_id = 'moves'").first();
    expect(event?.type).toBe("upstream.tag_moved");
    expect(JSON.parse(String(event?.payload))).toMatchObject({ moved: { from: "a".repeat(40), to: "b".repeat(40) } });
  });

  it("hand a moved tag to the stacks that follow it, and to no other", async () => {
    const upstream = new Upstream();
    await declareStack("picky", { releases: { include: ["v9.*"] } });
    await declareStack("follower");
    await declare("handed", { target: { mode: "maintain", stacks: ["picky", "follower"] } });
    upstream.feed("handed", ["v1.0.0"]);
    for (const commit of ["a", "b"]) {
      upstream.repository("handed", { "v1.0.0": commit });
      await pollSources(upstream.context(), ["handed"]);
      upstream.now += 25 * 3_600_000;
      await pollSources(upstream.context(), ["handed"]);
    }
    expect(await deliveriesTo("picky")).toEqual([]);
    expect(await deliveriesTo("follower")).toEqual(["patch:handed:refs/tags/v1.0.0:upstream.tag_moved:r1 accepted"]);
    const attempt = await env.DB.prepare(
      "SELECT status, json_extract(reason, '$.code') AS code FROM maintenance_attempts WHERE stack_id = 'follower'",
    ).first();
    expect(attempt).toEqual({ status: "needs_intervention", code: "tag_moved" });
  });

  it("keep an old release quiet that slides into the window when another is deleted", async () => {
    const upstream = new Upstream();
    await declare("slides");
    upstream.feed("slides", ["v1.2.0", "v1.1.0"]);
    upstream.repository("slides", commits(["v1.0.0", "v1.1.0", "v1.2.0"]));
    await pollSources(upstream.context(), ["slides"]);
    upstream.feed("slides", ["v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["slides"]);
    upstream.feed("slides", ["v1.0.0", "v1.1.0"]);
    await pollSources(upstream.context(), ["slides"]);
    upstream.feed("slides", ["v0.9.9", "v1.1.0", "v1.0.0"]);
    await pollSources(upstream.context(), ["slides"]);
    expect((await signals("slides")).slice(2)).toEqual(["v0.9.9 r0 event"]);
  });

  it("never flood a source that lost its rows", async () => {
    const upstream = new Upstream();
    await declare("lost-rows");
    upstream.feed("lost-rows", ["v1.1.0"], { etag: '"one"' });
    upstream.repository("lost-rows", commits(["v1.0.0", "v1.1.0"]));
    await pollSources(upstream.context(), ["lost-rows"]);
    await env.DB.prepare("DELETE FROM feed_entries WHERE source_id = 'lost-rows'").run();
    upstream.answer("lost-rows", 304);
    upstream.now += 25 * 3_600_000;
    await pollSources(upstream.context(), ["lost-rows"]);
    expect((await signals("lost-rows")).filter((line) => line.endsWith("event"))).toEqual([]);
  });

  it("are a feed of their own", async () => {
    const upstream = new Upstream();
    await declare("bare", { provider: "git", event: "tag", url: "git+https://github.com/acme/bare.git" });
    upstream.repository("bare", { "v1.0.0": "a" });
    await pollSources(upstream.context(), ["bare"]);
    expect(await source("bare")).toMatchObject({ primed: true, lastOutcome: "changed" });
    await pollSources(upstream.context(), ["bare"]);
    expect(await source("bare")).toMatchObject({ lastOutcome: "not_modified" });
    upstream.repository("bare", { "v1.0.0": "b", "v1.2.0": "c", "v1.10.0": "d" });
    for (let i = 0; i < 2; i++) await pollSources(upstream.context(), ["bare"]);
    expect(await signals("bare")).toEqual(["v1.0.0 r1 moved", "v1.2.0 r0 event", "v1.10.0 r0 event"]);
    const without: Record<string, string> = { "v1.0.0": "b", "v1.10.0": "d" };
    for (const tags of [without, without, { ...without, "v1.2.0": "c" }]) {
      upstream.repository("bare", tags);
      await pollSources(upstream.context(), ["bare"]);
    }
    expect((await signals("bare")).slice(3)).toEqual(["v1.2.0 r1 republished"]);
  });

  it("follow the head of a branch", async () => {
    const upstream = new Upstream();
    const url = "https://github.com/acme/branchy/commits/main.atom";
    await declare("branchy", { event: "push", url });
    upstream.answers.set(url, () => new Response('<feed xmlns="http://www.w3.org/2005/Atom"></feed>'));
    const head = (digit: string) => () =>
      new Response(
        `${pkt(`${digit.repeat(40)} refs/heads/main\n`)}${pkt(`${"f".repeat(40)} refs/heads/main-2\n`)}0000`,
      );
    upstream.answers.set(repositoryOf("branchy"), head("a"));
    await pollSources(upstream.context(), ["branchy"]);
    upstream.answers.set(repositoryOf("branchy"), head("b"));
    upstream.now += 25 * 3_600_000;
    await pollSources(upstream.context(), ["branchy"]);
    const rows = await listSignals(db, "branchy", 10);
    expect(rows.map(({ entry }) => entry)).toEqual([
      { entryId: "b".repeat(40), sha: "b".repeat(40), ref: "refs/heads/main" },
    ]);
  });
});

/** Objects, of which one cannot be reached. */
function without(stackId: string): Env["PATCH_STACK"] {
  return new Proxy(env.PATCH_STACK, {
    get: (target, key) => {
      if (key === "getByName")
        return (name: string) => {
          if (name === stackId) throw new Error("the object is overloaded");
          return target.getByName(name);
        };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
