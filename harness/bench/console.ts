/**
 * The console's heaviest pages: the overview of 1,000 stacks, and an attempt with 200 patches.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { LatestForecast } from "../../worker/contract/forecast.ts";
import type { PatchReport, StackReport } from "../../worker/contract/report.ts";
import { type Bench, type BenchResult, quantile, rounded } from "./bench.ts";
import { type MeasuredEdge, startMeasuredEdge } from "./measured-edge.ts";
import { fillRecord, STACKS } from "./record-fill.ts";

const EVENTS = 10 * STACKS;
const PATCHES = 200;
const FORECASTS = 20;
const ROUNDS = 60;
const WARM_UP = 10;

/** What a page may cost: milliseconds and bytes. */
const WANTED = { ms: 30, bytes: 100_000 } as const;

const ATTEMPT = "s0042.5";

const PAGES: readonly { name: string; path: string; wanted: boolean }[] = [
  { name: "overview of 1,000 stacks", path: "/console", wanted: true },
  { name: "overview, a page in the middle", path: "/console?after=s0500", wanted: true },
  { name: `attempt with ${PATCHES} patches`, path: `/console/attempts/${ATTEMPT}`, wanted: true },
  // These walk past what they do not show.
  { name: "overview, what waits", path: "/console?show=waits", wanted: false },
  { name: "overview, a search that finds nothing", path: "/console?find=nothing-like-it", wanted: false },
  { name: `stack with ${PATCHES} patches`, path: "/console/stacks/s0042", wanted: false },
];

export const console: Bench = {
  name: "console",
  about: "time and bytes of the console's heaviest pages",
  async run(progress) {
    const edge = await startMeasuredEdge();
    try {
      await edge.changeRecord((record) => {
        fillRecord(record, 0, EVENTS);
        addForecasts(record);
        addReport(record);
      });
      progress(`${STACKS} stacks, ${EVENTS} attempts, ${STACKS * FORECASTS} forecasts written`);
      return await measure(edge, progress);
    } finally {
      await edge.remove();
    }
  },
};

async function measure(edge: MeasuredEdge, progress: (line: string) => void): Promise<BenchResult[]> {
  const cookie = await signIn(edge);
  const results: BenchResult[] = [];
  // A request that does nothing costs this much: the way to the Worker and back, which is no time of the server.
  const idle = quantile(await timesOf(edge, "/healthz", cookie), 0.5);
  results.push({ name: "the way there and back: p50", value: rounded(idle), unit: "ms", ok: true });
  for (const { name, path, wanted } of PAGES) {
    const times = await timesOf(edge, path, cookie);
    const p50 = quantile(times, 0.5);
    const metered = await edge.get(path, { cookie, "x-measure-d1": "1" });
    const { rowsRead, requests } = JSON.parse(metered.headers.get("x-d1") ?? "{}") as {
      rowsRead: number;
      requests: number;
    };
    const bytes = (await metered.arrayBuffer()).byteLength;
    progress(`${name}: p50 ${rounded(p50)} ms, ${bytes} bytes, ${requests} requests to D1, ${rowsRead} rows`);
    const limit = (value: number, most: number) => (wanted ? { wanted: most, ok: value <= most } : { ok: true });
    results.push(
      { name: `${name}: server time p50`, value: rounded(p50 - idle), unit: "ms", ...limit(p50 - idle, WANTED.ms) },
      { name: `${name}: with the way, p50`, value: rounded(p50), unit: "ms", ok: true },
      { name: `${name}: page`, value: bytes, unit: "bytes", ...limit(bytes, WANTED.bytes) },
      { name: `${name}: requests to D1`, value: requests, unit: "requests", ok: true },
      { name: `${name}: rows read`, value: rowsRead, unit: "rows", ok: true },
    );
  }
  return results;
}

/** As a browser does it; the cookie of the session. */
async function signIn({ url, adminToken }: MeasuredEdge): Promise<string> {
  const cookies = (answer: Response): string =>
    answer.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
  const door = await fetch(`${url}/console/login`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await door.text())?.[1] ?? "";
  const answer = await fetch(`${url}/console/login`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: cookies(door), origin: url },
    body: new URLSearchParams({ token: adminToken, csrf }),
  });
  if (answer.status !== 303) throw new Error(`signing in to the console: ${answer.status} ${await answer.text()}`);
  return cookies(answer);
}

async function timesOf(edge: MeasuredEdge, path: string, cookie: string): Promise<number[]> {
  const times: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const startedAt = performance.now();
    await (await edge.get(path, { cookie })).arrayBuffer();
    if (round >= 0) times.push(performance.now() - startedAt);
  }
  return times;
}

function addForecasts(record: DatabaseSync): void {
  const counts = { carried: 7, adapted: 1, upstreamed: 0, empty: 0, dropped: 0, conflicted: 1 };
  const latest: LatestForecast = {
    number: FORECASTS,
    at: "2025-01-01T00:00:00.000Z",
    outcome: "conflicts",
    onto: { ref: "refs/heads/main", oid: "a".repeat(40) },
    head: { oid: "b".repeat(40) },
    drift: { commitsAhead: 9, commitsBehind: 412, daysBehind: 37.5 },
    counts,
  };
  record.exec("BEGIN");
  record.prepare("UPDATE stacks SET forecast = ?").run(JSON.stringify(latest));
  record
    .prepare(
      `INSERT INTO forecasts (stack_id, number, at, outcome, onto, head_oid, commits_ahead, commits_behind, days_behind,
         counts, conflicts, runner, seconds)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${FORECASTS})
       SELECT stacks.id, i, '2025-01-01T00:00:00.000Z', 'conflicts', ?1, ?2, 9, (i * 37) % 500, i, ?3, '[]', 'bench', 1
       FROM stacks CROSS JOIN n`,
    )
    .run(JSON.stringify(latest.onto), "b".repeat(40), JSON.stringify(counts));
  // Every reason a real one would give.
  const reason = { code: "conflict", message: "2 patches conflict, first in src/network/connection-pool.c (contents)" };
  record
    .prepare("UPDATE maintenance_attempts SET reason = ? WHERE status = 'needs_intervention'")
    .run(JSON.stringify(reason));
  record.exec("COMMIT");
}

function addReport(record: DatabaseSync): void {
  const patches = Array.from({ length: PATCHES }, (_, i) => patch(i));
  const conflicted = patches.filter(({ outcome }) => outcome === "conflicted").length;
  const oid = "c".repeat(40);
  const report: StackReport = {
    v: 1,
    stackId: "s0042",
    branch: "patched",
    onto: { ref: "refs/tags/v1.5.0", oid },
    base: { oid },
    head: { oid },
    result: null,
    patches,
    counts: { carried: PATCHES - conflicted, adapted: 0, upstreamed: 0, empty: 0, dropped: 0, conflicted },
    rangeDiff: "  1:  aaaaaaaaaa !  1:  bbbbbbbbbb Keep the banner\n    @@ banner.c\n     - old\n     + new\n".repeat(
      3000,
    ),
    verify: [{ command: "npm test", exitCode: 1, seconds: 61.2, outputTail: "not ok 17 - it holds\n".repeat(200) }],
    drift: { commitsBehind: 412, daysBehind: 37.5 },
    warnings: [],
    timings: { fetch: 1, replay: 2, checkout: 0, verify: 61, push: 0 },
  };
  record.prepare("UPDATE reports SET report = ? WHERE attempt_id = ?").run(JSON.stringify(report), ATTEMPT);
}

function patch(i: number): PatchReport {
  const oid = i.toString(16).padStart(40, "0");
  const common = {
    oid,
    subject: `net: keep the connection pool's limit of branch office ${i} where the setting asks for it`,
    author: "Ole Office <ole@office.example>",
    authoredAt: `2024-01-01T00:00:${String(i % 60).padStart(2, "0")}.${String(i).padStart(3, "0")}Z`,
    patchId: oid,
  };
  if (i % 20 !== 7) return { ...common, outcome: "carried", newOid: oid };
  const upstreamCommits = [{ oid, subject: "net: make the pool's limit a setting of its own" }];
  return {
    ...common,
    outcome: "conflicted",
    conflicts: [{ path: `src/net/pool-${i}.c`, kind: "contents", upstreamCommits }],
  };
}
