import { expect, test } from "vitest";
import type { Intervention, Why } from "../../worker/contract/intervention.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { at } from "./testing/records.ts";

const waiting: Intervention = {
  id: "attempt:web.12",
  kind: "attempt",
  since: at,
  stackId: "web",
  attemptId: "web.12",
  reason: { code: "conflict", message: "1 of 2 patches conflicts with v2.1.0: 'Retry on 429' in src/http/client.ts" },
  whatToDo: ["resume web.12 with a note, and a resolvedRef when a branch holds the resolution", "dismiss web.12"],
};
const dead: Intervention = {
  id: "effect:web.12.3",
  kind: "dead_letter",
  since: at,
  stackId: "web",
  reason: { code: "effect_dead", message: "discord: answered 404 (12 tries)" },
  whatToDo: ["mend what the message names, then POST /interventions/effect:web.12.3/redrive"],
};

test("interventions come in the server's order, with the commands that move them on", async () => {
  const answer = { interventions: [waiting, dead], nextCursor: "next" };
  await using api = await testApi({ "GET /interventions": answer });
  const { code, stdout } = await patchMoi(["interventions", "--limit", "2"], api.env);
  expect(code).toBe(0);
  expect(stdout.indexOf("attempt:web.12")).toBeLessThan(stdout.indexOf("effect:web.12.3"));
  expect(stdout).toContain("patch.moi resume web.12 --local");
  expect(stdout).toContain("mend what the message names, then: patch.moi redrive effect:web.12.3");
  expect(stdout).toContain("more: --cursor next");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(api.calls[0]?.query).toBe("?limit=2");
  const json = await patchMoi(["interventions", "--json"], api.env);
  expect(JSON.parse(json.stdout)).toEqual(answer);
});

test("nothing to do is said as such", async () => {
  await using api = await testApi({ "GET /interventions": { interventions: [] } });
  expect((await patchMoi(["interventions"], api.env)).stdout).toBe("Nothing waits for a person.\n");
});

test("redrive posts to the dead letter by its id", async () => {
  await using api = await testApi({ "POST /interventions/effect%3Aweb.12.3/redrive": { intervention: dead } });
  const ended = await patchMoi(["redrive", "effect:web.12.3"], api.env);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain("effect:web.12.3 is tried again");
  const refused = await patchMoi(["redrive", "effect:other"], api.env);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/^not_found: /);
});

test("why prints the verdict and the facts behind it", async () => {
  const why: Why = {
    stackId: "web",
    version: "1.10.0-rc.1",
    tags: ["1.10.0-rc.1", "v1.10.0-rc.1"],
    verdict: "filtered",
    message: "v1.10.0-rc.1 was seen and is a prerelease, which the stack's policy leaves out",
    facts: [
      {
        at,
        kind: "seen",
        sourceId: "web-releases",
        disposition: "filtered",
        decision: { stackId: "web", pass: false, code: "prerelease", message: "prereleases do not count" },
      },
      { at, kind: "attempt", attemptId: "web.3", status: "skipped", reason: { code: "filtered", message: "filtered" } },
    ],
  };
  await using api = await testApi({ "GET /stacks/web/why": why });
  const { code, stdout } = await patchMoi(["why", "web", "1.10.0-rc.1"], api.env);
  expect(code).toBe(0);
  expect(api.calls[0]?.query).toBe("?version=1.10.0-rc.1");
  for (const part of ["filtered", why.message, "prereleases do not count", "web.3", "skipped (filtered)"])
    expect(stdout).toContain(part);
  expect(JSON.parse((await patchMoi(["why", "web", "1.10.0-rc.1", "--json"], api.env)).stdout)).toEqual(why);
});
