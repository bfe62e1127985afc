import { expect, test } from "vitest";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { stack } from "./testing/records.ts";

const oid = (letter: string) => letter.repeat(40);
const counts = { carried: 1, adapted: 0, upstreamed: 0, empty: 0, dropped: 0, conflicted: 2 };
const look = {
  onto: { ref: "main", oid: oid("a") },
  head: { oid: oid("b") },
  drift: { commitsAhead: 3, commitsBehind: 41, daysBehind: 6.5 },
  counts,
};
const latest = { number: 2, at: new Date().toISOString(), outcome: "conflicts", ...look };
const conflicts = [{ oid: oid("c"), subject: "Quieter logs", paths: [{ path: "src/log.c", kind: "contents" }] }];
const failed = {
  stackId: "web",
  number: 1,
  at: "2026-01-01T00:00:00.000Z",
  outcome: "failed",
  reason: { code: "remote_unreachable", message: "upstream cannot be reached" },
  runner: "builder",
  seconds: 1,
};

test("forecasts of a stack: what would conflict, how far behind, why there is none", async () => {
  const forecasts = [{ ...latest, stackId: "web", conflicts, runner: "builder", seconds: 0.5 }, failed];
  await using api = await testApi({ "GET /stacks/web/forecasts": { forecasts } });
  const { stdout } = await patchMoi(["forecasts", "web", "--limit", "2"], api.env);
  const [heading, first, second] = stdout.split("\n");
  expect(heading).toMatch(/^AGE +ONTO +FORECAST +BEHIND +FIRST CONFLICT OR REASON$/);
  expect(first).toMatch(/^\d+s +main aaaaaaaaaa +2 of 3 conflict +41 \(6\.5d\) +src\/log\.c: Quieter logs$/);
  expect(second).toMatch(/^\d+d +- +failed +- +remote_unreachable: upstream cannot be reached$/);
  const json = await patchMoi(["forecasts", "web", "--json"], api.env);
  expect(JSON.parse(json.stdout)).toEqual({ forecasts });
  expect((await patchMoi(["forecasts"], api.env)).stderr).toContain("missing required argument 'stack'");
});

test("the list of stacks shows the newest forecast", async () => {
  await using api = await testApi({ "GET /stacks": { stacks: [{ ...stack, forecast: latest }, stack] } });
  const { stdout } = await patchMoi(["stacks"], api.env);
  expect(stdout).toMatch(/STACK +BRANCH .*FORECAST +BEHIND/);
  expect(stdout).toMatch(/web .* 2 of 3 conflict +41 \(6\.5d\)\n/);
  expect(stdout).toMatch(/web .* - +-\n/);
});
