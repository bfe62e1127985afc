import { describe, expect, test } from "vitest";
import type { Health } from "../../worker/contract/health.ts";
import { VERSION } from "../client/version.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";

const healthy = ["database", "migrations", "secrets", "cron"];

function health(more: Partial<Health> = {}): Health {
  return { ok: true, version: VERSION, at: new Date().toISOString(), healthy, degraded: [], ...more };
}

function runner(version: string, lastSeenAt: string) {
  return { name: `r-${version}`, labels: [], createdAt: "2020-01-01T00:00:00.000Z", lastSeenAt, version };
}

describe("doctor", () => {
  test("names everything that is in order, and ends well", async () => {
    await using api = await testApi({ "GET /healthz": health(), "GET /runners": { runners: [] } });
    const { code, stdout, stderr } = await patchMoi(["doctor"], api.env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of ["git", "server", "clock", "version", ...healthy]) expect(stdout).toContain(part);
  });

  test("says how to mend what the server and this machine have wrong", async () => {
    const cron = { what: "cron", level: "error" as const, why: "the cron came last 9 min ago", next: "look at it" };
    const server = health({ version: "0.0.1", at: new Date(Date.now() - 3_600_000).toISOString(), degraded: [cron] });
    const old = runner("0.0.1", new Date().toISOString());
    const gone = runner("0.0.2", "2020-01-02T00:00:00.000Z");
    await using api = await testApi({ "GET /healthz": server, "GET /runners": { runners: [old, gone] } });
    const { code, stdout } = await patchMoi(["doctor", "--json"], api.env);
    expect(code).toBe(1);
    const told = JSON.parse(stdout) as { ok: boolean; findings: { what: string; level: string; why: string }[] };
    expect(told.ok).toBe(false);
    const levels = Object.fromEntries(told.findings.map(({ what, level }) => [what, level]));
    expect(levels).toEqual({ clock: "error", version: "warning", cron: "error", "runner versions": "warning" });
    expect(told.findings.find(({ what }) => what === "clock")?.why).toMatch(/3[56]\d\d s ahead of the server's/);
    expect(told.findings.find(({ what }) => what === "runner versions")?.why).not.toContain("0.0.2");
    const text = await patchMoi(["doctor"], api.env);
    expect(text.stdout).toContain("mend: look at it");
    expect(text.stderr).toBe("unhealthy: 2 things to mend; see above\n");
  });

  test.each([
    ["no server is named", {}, "PATCH_MOI_URL"],
    ["a wrong token", { PATCH_MOI_TOKEN: "other" }, "PATCH_MOI_TOKEN"],
  ])("%s is a finding like any other", async (_, env, mend) => {
    await using api = await testApi({ "GET /healthz": health() });
    const given = Object.keys(env).length === 0 ? {} : { ...api.env, ...env };
    const { code, stdout } = await patchMoi(["doctor"], given);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`mend: export ${mend}`));
  });
});

test("tick says what was due, and fails when a part did", async () => {
  const tick = { at: "2026-01-01T00:00:00.000Z", polls: 3, pokes: 1, failed: [] as string[] };
  await using api = await testApi({ "POST /tick": tick });
  expect(await patchMoi(["tick"], api.env)).toMatchObject({ code: 0, stdout: "3 polls queued, 1 stack woken\n" });
  await using broken = await testApi({ "POST /tick": { ...tick, failed: ["polls: D1 is down"] } });
  const failed = await patchMoi(["tick"], broken.env);
  expect(failed).toMatchObject({
    code: 1,
    stderr: "tick_failed: polls: D1 is down; the cron tries again every minute\n",
  });
});
