import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FORECAST_LIMITS, ForecastLook } from "../../worker/contract/forecast.ts";
import type { ForecastJob } from "../../worker/contract/runner-wire.ts";
import { performForecast } from "./perform-forecast.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;

beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
});
afterEach(() => folder[Symbol.dispose]());

function jobOf(forecast: object, branch?: string): ForecastJob {
  const { upstream, fork } = repositories;
  const { stack, nonce, callbackKey, deadlineAt } = testEnvelope({ upstream, fork, branch, policy: { forecast } });
  return { v: 1, kind: "forecast", nonce, stack, callbackKey, deadlineAt };
}

function look(forecast = {}, branch?: string, signal = new AbortController().signal) {
  const tools = { home: folder.home, signal, say: () => {} };
  return performForecast(jobOf(forecast, branch), tools, { PATH: process.env.PATH });
}

test("says how the stack fares on upstream's default branch, and how far it drifted; changes nothing", async () => {
  repositories.release("v2", { c: "more\n" });
  const head = repositories.release("v3", { a: lines({ 18: "theirs" }) });
  const refs = repositories.git(repositories.fork, "for-each-ref");
  const found = await look();
  if (!found.ok) throw new Error(found.stop.message);
  expect(ForecastLook.parse(found.value)).toMatchObject({
    onto: { ref: "main", oid: head },
    head: { oid: repositories.inFork("refs/heads/patches") },
    drift: { commitsAhead: 2, commitsBehind: 2 },
    counts: { carried: 2, conflicted: 0 },
    conflicts: [],
  });
  expect(repositories.git(repositories.fork, "for-each-ref")).toBe(refs);
  expect(readdirSync(folder.home.work)).toEqual([]);
});

test("names the first conflicts, of another branch too, and keeps no object of the look", async () => {
  repositories.work("checkout", "-q", "-b", "next");
  const theirs = repositories.commit("Upstream's own line five", { a: lines({ 5: "theirs" }) });
  repositories.work("push", "-q", repositories.upstream, "next");
  const found = await look({ branch: "next" });
  if (!found.ok) throw new Error(found.stop.message);
  expect(ForecastLook.parse(found.value)).toMatchObject({
    onto: { ref: "next", oid: theirs },
    counts: { carried: 1, conflicted: 1 },
    conflicts: [{ subject: "Ours: line five", paths: [{ path: "a", kind: "contents", upstream: { oid: theirs } }] }],
  });
  const [mirror] = readdirSync(folder.home.mirrors).filter((name) => name.endsWith(".git"));
  const counted = () => repositories.git(join(folder.home.mirrors, mirror ?? ""), "count-objects", "-v");
  const before = counted();
  await look({ branch: "next" });
  expect(counted()).toBe(before);
});

test("fits the wire, however many and long the conflicts are", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `${"long-".repeat(40)}${i}/${"🪵".repeat(60)}`);
  const all = (text: string) => Object.fromEntries(names.map((name) => [name, `${text}\n`]));
  repositories.work("checkout", "-q", "-b", "many", "v1");
  for (let i = 0; i < 12; i++) repositories.commit(`Ours ${i} ${"🪵".repeat(200)}`, all(`ours ${i}`));
  repositories.work("push", "-q", repositories.fork, "many");
  repositories.release("v2", all("theirs"));
  const found = await look({}, "many");
  if (!found.ok) throw new Error(found.stop.message);
  const parsed = ForecastLook.parse(found.value);
  expect(parsed.counts.conflicted).toBe(12);
  expect(parsed.conflicts).toHaveLength(FORECAST_LIMITS.patches);
  expect(parsed.conflicts[0]?.paths).toHaveLength(FORECAST_LIMITS.paths);
});

test("tells what is missing", async () => {
  expect(await look({ branch: "gone" })).toMatchObject({ ok: false, stop: { code: "ref_missing" } });
  expect(await look({}, "gone")).toMatchObject({ ok: false, stop: { code: "branch_missing" } });
  repositories.git(repositories.upstream, "symbolic-ref", "HEAD", "refs/heads/renamed");
  expect(await look()).toMatchObject({ ok: false, stop: { code: "no_default_branch" } });
});

test("stops when it is told to", async () => {
  const stop = new AbortController();
  stop.abort(new Error("an attempt came"));
  await expect(look({}, undefined, stop.signal)).rejects.toThrow("an attempt came");
});
