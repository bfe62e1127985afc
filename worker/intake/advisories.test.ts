import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { attemptsOf, call } from "../../harness/edge/client.ts";
import { FeedSourceConfig } from "../contract/feed-source.ts";
import { openDatabase } from "../store/database.ts";
import { listSignals } from "../store/feed-entries.ts";
import { findSource, putSource } from "../store/feed-sources.ts";
import githubAdvisories from "./fixtures/github-advisories.json?raw";
import osvAnswer from "./fixtures/osv.json?raw";
import { parseFeed } from "./parse-feed.ts";
import { pollSources } from "./poll.ts";

const db = openDatabase(env.DB);
const QUERY = "https://api.osv.dev/v1/query";
const RELEASES = "https://github.com/acme/rocket/releases.atom";

function parsed(text: string) {
  const feed = parseFeed({ bytes: new TextEncoder().encode(text) });
  if (!feed.ok) throw new Error(feed.failure.message);
  return feed.value;
}

describe("formats", () => {
  it("reads OSV: one entry under its GHSA name first, ranges by their events, commits left out", () => {
    const { format, entries, warnings } = parsed(osvAnswer);
    expect(format).toBe("osv");
    expect(warnings).toEqual([expect.stringContaining("entry 4 could not be read")]);
    expect(entries.map(({ id }) => id)).toEqual(["GHSA-aaaa-bbbb-cccc", "OSV-1", "GHSA-aaaa-bbbb-cccc"]);
    expect(entries[0]).toMatchObject({
      title: "Fuel lines leak when asked to",
      link: "https://advisories.example.org/aaaa",
      advisory: {
        severity: "critical",
        aliases: ["CVE-2026-1000"],
        affected: [
          { name: "rocket", ranges: [{ fixed: "1.2.3" }, { introduced: "1.3.0", fixed: "1.4.1" }] },
          { name: "rocket-tools", ranges: [{}] },
        ],
      },
    });
    expect(entries[1]?.advisory?.withdrawnAt).toBe("2026-09-03T00:00:00.000Z");
  });

  it("reads GitHub's advisories: comparators become ranges", () => {
    const { format, entries, warnings } = parsed(githubAdvisories);
    expect(format).toBe("github-advisories");
    expect(warnings).toHaveLength(1);
    expect(entries[0]?.advisory).toMatchObject({
      severity: "critical",
      affected: [
        { ranges: [{ fixed: "1.2.3" }] },
        { ranges: [{ introduced: "1.3.0", lastAffected: "1.4.0", fixed: "1.4.1" }] },
        { ranges: [], versions: ["1.5.0"] },
      ],
    });
    expect(entries[1]?.advisory).toMatchObject({ severity: "moderate", affected: [] });
    expect(parsed("[]")).toMatchObject({ format: "github-advisories", entries: [] });
  });

  it.each([
    ['{"vulns":[]}', 0],
    [
      '{"vulns":[{"id":"A-1","modified":"x","affected":[{"ranges":[{"type":"SEMVER","events":[{},{"fixed":"1"}]}]}]}]}',
      1,
    ],
    ['{"vulns":[{"id":"__proto__","modified":"x","affected":null,"aliases":{"a":1},"summary":7}]}', 1],
    [`{"vulns":[{"id":"A-2","modified":"x","summary":"${"y".repeat(100_000)}"}]}`, 1],
    [`[{"ghsa_id":"G","vulnerabilities":[{"vulnerable_version_range":"${">= 1,".repeat(20_000)}"}]}]`, 1],
    [`{"vulns":[{"id":"A-3","modified":"x","affected":[${'{"versions":["1"]},'.repeat(999)}{}]}]}`, 1],
  ])("bounds what hostile publishers write: %#", (text, count) => {
    const { entries } = parsed(text);
    expect(entries).toHaveLength(count);
    expect(JSON.stringify(entries).length).toBeLessThan(20_000);
  });
});

/** OSV and a feed of releases, as they answer now. */
let osv: object[] = [];
let tags: string[] = [];
const asked: unknown[] = [];
const context = {
  env: { DB: env.DB, PATCH_STACK: env.PATCH_STACK },
  outbound: {
    allowLocal: false,
    fetch: async (url: string, init: RequestInit) => {
      if (url === RELEASES) return new Response(atom(tags));
      if (url !== QUERY || init.method !== "POST") throw new Error("connection refused");
      const query: unknown = await new Response(init.body).json();
      asked.push(query);
      // Two pages of what there is.
      const second = JSON.stringify(query).includes("page_token");
      return Response.json(
        osv.length < 2
          ? { vulns: osv }
          : second
            ? { vulns: osv.slice(1) }
            : { vulns: osv.slice(0, 1), next_page_token: "2" },
      );
    },
  },
  now: () => Date.parse("2026-11-22T12:00:00Z"),
  random: () => 0.5,
};

function atom(released: readonly string[]): string {
  const entries = released.map(
    (tag) =>
      `<entry><id>tag:github.com,2008:Repository/1/${tag}</id><updated>2026-10-01T00:00:00Z</updated><title>${tag}</title></entry>`,
  );
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>${entries.join("")}</feed>`;
}

function vuln(id: string, fixed: string | undefined, more: object = {}): object {
  const events = [{ introduced: "0" }, ...(fixed === undefined ? [] : [{ fixed }])];
  const affected = [{ package: { ecosystem: "npm", name: "rocket" }, ranges: [{ type: "SEMVER", events }] }];
  return { id, modified: "2026-10-02T00:00:00Z", summary: "Leaks", affected, ...more };
}

/** A stack on v1.4.0 with a source of advisories and one of releases, both primed. */
async function declare(id: string, policy: object): Promise<() => Promise<unknown[]>> {
  const repositories = { upstream: { url: "https://git.test.org/up" }, fork: { url: "https://git.test.org/fork" } };
  await call("PUT", `/stacks/${id}`, { ...repositories, branch: "ours", base: "v1.4.0", policy });
  const target = { mode: "maintain" as const, stacks: [id] };
  const sources = {
    [`${id}-osv`]: {
      provider: "osv",
      url: QUERY,
      event: "advisory",
      package: { ecosystem: "npm", name: "rocket" },
      target,
    },
    [`${id}-releases`]: { provider: "github", url: RELEASES, event: "release", target },
  };
  osv = [];
  for (const [name, config] of Object.entries(sources))
    await putSource(db, name, FeedSourceConfig.parse(config), undefined, "2026-11-22T11:00:00.000Z");
  const poll = async (): Promise<unknown[]> => {
    await pollSources(context, Object.keys(sources));
    const attempts = (await attemptsOf(id)).toReversed();
    return attempts.map(({ tag, status, reason }) => [tag, status, reason?.code].filter((one) => one !== undefined));
  };
  await poll();
  return poll;
}

describe("a stack that treats advisories as urgent", () => {
  it("waits for a person while no release has the fix, and goes onto the fix when there is one", async () => {
    tags = ["v1.4.0"];
    const poll = await declare("urgent", { advisories: "urgent", onNewer: "queue" });
    osv = [vuln("GHSA-1", undefined)];
    expect(await poll()).toEqual([["v1.4.0", "needs_intervention", "advisory_no_fix"]]);
    // The same again is no news, and neither are new words.
    osv = [vuln("GHSA-1", undefined, { summary: "Leaks a lot" })];
    expect(await poll()).toHaveLength(1);
    tags = ["v1.4.1", "v1.4.0"];
    expect(await poll()).toEqual([
      ["v1.4.0", "superseded", "superseded"],
      ["v1.4.1", "dispatched"],
    ]);
    // The publisher names the fix: a revision of the event, and the attempt that is under way has it.
    osv = [vuln("GHSA-1", "1.4.1")];
    expect((await poll()).at(-1)).toEqual(["v1.4.1", "skipped", "fix_under_way"]);
    const events = (await listSignals(db, "urgent-osv", 10)).map(({ eventId }) => eventId).toReversed();
    expect(events).toEqual([
      "patch:urgent-osv:GHSA-1:upstream.advisory",
      null,
      "patch:urgent-osv:GHSA-1:upstream.advisory:r2",
    ]);
  });

  it("makes room for the fix whatever the order of the queue, once, and lets withdrawn ones go", async () => {
    tags = ["v1.4.0"];
    const poll = await declare("room", { advisories: "urgent", onNewer: "queue" });
    tags = ["v1.4.1", "v1.4.0"];
    await poll();
    tags = ["v1.4.2", "v1.4.1", "v1.4.0"];
    expect(await poll()).toEqual([
      ["v1.4.1", "dispatched"],
      ["v1.4.2", "queued"],
    ]);
    osv = [vuln("GHSA-2", "1.4.2"), vuln("GHSA-3", "1.4.0")];
    asked.length = 0;
    const after = await poll();
    expect(after.slice(0, 2)).toEqual([
      ["v1.4.1", "superseded", "superseded"],
      ["v1.4.2", "dispatched"],
    ]);
    expect(new Set(after.slice(2))).toEqual(
      new Set([
        ["v1.4.2", "skipped", "fix_under_way"],
        ["v1.4.2", "skipped", "not_affected"],
      ]),
    );
    expect(asked).toEqual([
      { package: { ecosystem: "npm", name: "rocket" } },
      { package: { ecosystem: "npm", name: "rocket" }, page_token: "2" },
    ]);
    osv = [vuln("GHSA-2", "1.4.2"), vuln("GHSA-3", "1.4.0"), vuln("GHSA-4", undefined)];
    expect((await poll()).at(-1)).toEqual(["v1.4.0", "needs_intervention", "advisory_no_fix"]);
    osv = [vuln("GHSA-4", undefined, { withdrawn: "2026-11-22T00:00:00Z" })];
    expect((await poll()).slice(4)).toEqual([
      ["v1.4.0", "superseded", "superseded"],
      ["v1.4.0", "skipped", "advisory_withdrawn"],
    ]);
  });

  it("only notes it, or nothing at all, where the policy says so", async () => {
    tags = ["v1.4.1", "v1.4.0"];
    const noted = await declare("noted", {});
    osv = [vuln("GHSA-5", "1.4.1")];
    expect(await noted()).toEqual([["v1.4.1", "skipped", "advisory_noted"]]);
    const ignored = await declare("ignored", { advisories: "ignore" });
    osv = [vuln("GHSA-5", "1.4.1")];
    expect(await ignored()).toEqual([]);
    expect((await listSignals(db, "ignored-osv", 10)).map(({ disposition }) => disposition)).toEqual(["filtered"]);
  });
});

it("a source of OSV says what it is asked about, and what came instead of an answer", async () => {
  const refused = await call("PUT", "/feed-sources/no-package", { provider: "osv", url: QUERY, event: "advisory" });
  expect(refused).toMatchObject({
    status: 400,
    body: { error: { message: "package: is missing: OSV is asked about one package" } },
  });
  const config = FeedSourceConfig.parse({
    provider: "osv",
    url: QUERY,
    event: "advisory",
    package: { ecosystem: "npm", name: "x" },
  });
  await putSource(db, "walled", config, undefined, "2026-11-22T11:00:00.000Z");
  const outbound = {
    allowLocal: false,
    fetch: () => Promise.resolve(new Response("<html><title>Wall</title></html>")),
  };
  await pollSources({ ...context, outbound }, ["walled"]);
  expect((await findSource(db, "walled"))?.lastError).toMatchObject({ code: "feed_html" });
});
