/** What a runner does while it waits: forecasts, which give way to attempts. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { ForecastResult } from "../../worker/contract/runner-wire.ts";
import { systemClock } from "./clock.ts";
import type { performForecast } from "./perform-forecast.ts";
import { type RunnerOptions, runForever, runOnce } from "./runner-loop.ts";
import { type LoopbackEdge, loopbackEdge } from "./testing/loopback-edge.ts";
import { newSecret, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let edge: LoopbackEdge | undefined;
beforeEach(() => {
  folder = scratch();
});
afterEach(async () => {
  await edge?.close();
  folder[Symbol.dispose]();
});

const secret = newSecret();
const { stack, nonce, callbackKey, deadlineAt } = testEnvelope();
const job = { v: 1, kind: "forecast", nonce, stack, callbackKey, deadlineAt };
const reason = { outcome: "failed" as const, code: "ref_missing", message: "no such branch" };

function options(more: Partial<RunnerOptions>): RunnerOptions {
  return {
    server: edge?.url ?? new URL("http://127.0.0.1:9"),
    secret,
    runner: { name: "builder", version: "0.1.0", labels: [] },
    home: folder.home,
    clock: systemClock,
    work: () => Promise.resolve({ outcome: "completed", infrastructure: false, candidates: [] }),
    stop: new AbortController().signal,
    handBack: new AbortController().signal,
    say: () => {},
    ...more,
  };
}

test("a forecast goes on beside the wait, is not asked for twice, and gives way to an attempt", async () => {
  const stop = new AbortController();
  const happened: string[] = [];
  const envelope = testEnvelope({ callbackKey });
  let isLooking = () => {};
  const looking = new Promise<void>((resolve) => {
    isLooking = resolve;
  });
  edge = await loopbackEdge({
    secrets: [secret, callbackKey],
    reply: async ({ path, json }) => {
      if (path !== "/runner/claim") return { status: 200, body: { status: "applied", directive: "continue" } };
      const { forecasts } = json as { forecasts: boolean };
      happened.push(forecasts ? "asks for anything" : "asks for attempts");
      if (happened.length === 1) return { status: 200, body: job };
      await looking;
      if (!forecasts) return { status: 200, body: envelope };
      stop.abort();
      return { status: 204 };
    },
  });
  const forecast: typeof performForecast = (_job, { signal }) => {
    isLooking();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        happened.push("gives way");
        reject(signal.reason as Error);
      });
    });
  };
  const work: RunnerOptions["work"] = () => {
    happened.push("works");
    return Promise.resolve({ outcome: "completed", infrastructure: false, candidates: [] });
  };
  expect(await runForever(options({ stop: stop.signal, forecast, work }))).toBe(1);
  expect(happened).toEqual(["asks for anything", "asks for attempts", "gives way", "works", "asks for anything"]);
  expect(edge.seen.filter(({ path }) => path === "/runner/forecasts")).toEqual([]);
});

test("`runner once` makes a forecast when there is no attempt, and reports what it found", async () => {
  edge = await loopbackEdge({
    secrets: [secret, callbackKey],
    reply: ({ path }) =>
      path === "/runner/claim" ? { status: 200, body: job } : { status: 200, body: { status: "applied" } },
  });
  const forecast = () => Promise.resolve({ ok: false as const, stop: { ...reason, message: `no ${callbackKey}` } });
  const end = await runOnce(options({ forecast }), 0);
  expect(end).toMatchObject({ stackId: "web", reported: true });
  const told = ForecastResult.parse(edge.seen.at(-1)?.json);
  expect(told).toMatchObject({ stackId: "web", nonce, reason: { code: "ref_missing" } });
  expect(edge.seen.at(-1)?.body).not.toContain(callbackKey);
});

test("a forecast that is not done in time is not reported", async () => {
  const late = { ...job, deadlineAt: new Date(0).toISOString() };
  edge = await loopbackEdge({ secrets: [secret], reply: () => ({ status: 200, body: late }) });
  const forecast: typeof performForecast = (_job, { signal }) =>
    new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const said: string[] = [];
  expect(await runOnce(options({ forecast, say: (line) => void said.push(line) }), 0)).toBeUndefined();
  expect(said).toEqual(["forecast of web: not done in time"]);
  expect(edge.seen).toHaveLength(1);
});
