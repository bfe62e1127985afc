import { expect, test } from "vitest";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { event } from "./testing/records.ts";

const decision = { stackId: "web", pass: false, code: "prerelease", message: "'v2-rc' looks like a prerelease" };
const answer = { events: [event], left: [{ entryId: "v2-rc", tag: "v2-rc", sourceId: "web", decision }] };

test("backfill asks from a day on, and tells what became an event and what did not", async () => {
  await using api = await testApi({ "POST /stacks/web/backfill": answer });
  const ended = await patchMoi(["backfill", "web", "--since", "2026-01-31"], api.env);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(api.calls[0]?.body).toEqual({ since: "2026-01-31T00:00:00.000Z" });
  expect(ended.stdout).toContain(event.id);
  expect(ended.stdout).toContain("looks like a prerelease");
  expect(ended.stdout).toContain("1 event for web, 1 left");
});

test.each(["yesterday", "2026-13-45", "31"])("backfill --since %s is a usage error", async (since) => {
  const ended = await patchMoi(["backfill", "web", "--since", since], { PATCH_MOI_URL: "http://127.0.0.1:9" });
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain("--since is a date");
});

test("preview --stack shows what the stack's policy says", async () => {
  const entry = { entryId: "v2-rc", tag: "v2-rc" };
  const signals = [{ ...entry, sourceId: "preview", disposition: "filtered", decisions: [decision] }];
  const preview = { format: "atom", entries: [entry], signals, events: [], warnings: [] };
  await using api = await testApi({ "POST /feed-sources/preview": preview });
  const ended = await patchMoi(["preview", "https://forge.example.org/f.atom", "--stack", "web"], api.env);
  expect(api.calls[0]?.body).toEqual({ url: "https://forge.example.org/f.atom", stack: "web" });
  expect(ended.stdout).toContain("leaves it");
  expect(ended.stdout).toContain("looks like a prerelease");
});
