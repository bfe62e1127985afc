import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Scratch, scratch } from "../job/testing/scratch.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { source, sourceConfig, stack, stackConfig } from "./testing/records.ts";

let folder: Scratch;
let file: string;
beforeEach(() => {
  folder = scratch();
  file = join(folder.path, "patch-moi.json");
});
afterEach(() => folder[Symbol.dispose]());

const lists = { "GET /stacks": { stacks: [stack] }, "GET /feed-sources": { sources: [source] } };
const nothing = { "GET /stacks": { stacks: [] }, "GET /feed-sources": { sources: [] } };
const declared = { stacks: [{ id: "web", ...stackConfig }], sources: [{ id: "web-releases", ...sourceConfig }] };

function write(document: unknown): void {
  writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document));
}

describe("apply", () => {
  test("makes what is not there, stacks before the sources that name them", async () => {
    write(declared);
    await using api = await testApi({ ...nothing, "PUT /stacks/web": {}, "PUT /feed-sources/web-releases": {} });
    const ended = await patchMoi(["apply", "-f", file, "--yes"], api.env);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("+ stack web");
    expect(ended.stdout).toContain("applied 2 changes");
    const puts = api.calls.filter(({ method }) => method === "PUT");
    expect(puts.map(({ path }) => path)).toEqual(["/stacks/web", "/feed-sources/web-releases"]);
    expect(puts[0]?.body).toMatchObject(stackConfig);
    expect(puts[0]?.body).not.toHaveProperty("id");
  });

  test("changes nothing the second time", async () => {
    write(declared);
    await using api = await testApi(lists);
    const ended = await patchMoi(["apply", "-f", file, "--json"], api.env);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toEqual({ applied: false, changes: [] });
    expect(api.calls.every(({ method }) => method === "GET")).toBe(true);
  });

  test("names the field that changed, from and to, and does not touch it with --dry-run", async () => {
    write({ ...declared, stacks: [{ id: "web", ...stackConfig, policy: { landing: "auto", verify: ["make"] } }] });
    await using api = await testApi(lists);
    const ended = await patchMoi(["apply", "-f", file, "--dry-run"], api.env);
    expect(ended.stdout).toContain("~ stack web");
    expect(ended.stdout).toContain('policy.landing: "manual" -> "auto"');
    expect(ended.stdout).toContain('policy.verify: [] -> ["make"]');
    expect(api.calls.every(({ method }) => method === "GET")).toBe(true);
  });

  test("does not go on without a yes where nobody can be asked", async () => {
    write(declared);
    await using api = await testApi(nothing);
    const ended = await patchMoi(["apply", "-f", file], api.env);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(/^not_confirmed: .*--yes\n$/);
  });

  test("removes only with --prune, sources before their stacks", async () => {
    write({});
    await using api = await testApi({ ...lists, "DELETE /stacks/web": {}, "DELETE /feed-sources/web-releases": {} });
    expect((await patchMoi(["apply", "-f", file, "--yes"], api.env)).stdout).toBe("nothing to change\n");
    const ended = await patchMoi(["apply", "-f", file, "--yes", "--prune"], api.env);
    expect(ended.code).toBe(0);
    const gone = api.calls.filter(({ method }) => method === "DELETE").map(({ path }) => path);
    expect(gone).toEqual(["/feed-sources/web-releases", "/stacks/web"]);
  });

  test.each([
    ['{\n  // our stacks\n  "stakcs": [],\n}', "3:3: unknown field 'stakcs', did you mean 'stacks'?"],
    [
      '{"stacks":[{"id":"web","upstream":{"url":"https://a.example/x"},"fork":{"url":"https://a.example/y"},"branch":"p","policy":{"releases":{"prerelease":true}}}]}',
      "did you mean 'prereleases'?",
    ],
    [
      '{"stacks":[{"id":"Web!","upstream":{"url":"https://a.example/x"},"fork":{"url":"https://a.example/y"},"branch":"p"}]}',
      "stacks.0.id: use 1 to 64 of",
    ],
    [
      '{"stacks":[{"id":"web","upstream":{"url":"https://u:p@a.example/x"},"fork":{"url":"https://a.example/y"},"branch":"-x"}]}',
      "without credentials",
    ],
    ['{"stacks": [', "so it is not JSON"],
    ["", "empty"],
  ])("names what is wrong in %s", async (text, says) => {
    write(text);
    const ended = await patchMoi(["apply", "-f", file], { PATCH_MOI_URL: "http://127.0.0.1:9", PATCH_MOI_TOKEN: "t" });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(/^invalid_file: .*\n$/);
    expect(ended.stderr).toContain(says);
  });
});

describe("run event", () => {
  const event = {
    id: "patch:web:v2:upstream.release",
    type: "upstream.release",
    sourceId: "web",
    payload: { entry: { entryId: "v2", tag: "v2" } },
  };

  test.each([
    [["--stack", "web"], { ...event, stackIds: ["web"] }],
    [["--record-only"], { id: event.id, type: event.type, payload: event.payload }],
    [[], event],
  ])("%j sends what it says", async (options, body) => {
    write({ ...event, receivedAt: "2026-11-22T11:00:00.000Z" });
    const stored = { ...event, receivedAt: "2026-11-22T11:00:00.000Z", stackIds: [] };
    await using api = await testApi({ "POST /flow-events": { event: stored, accepted: true } });
    const ended = await patchMoi(["run", "event", "--file", file, ...options], api.env);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(api.calls[0]?.body).toEqual(body);
  });

  test("--dry-run sends nothing and says what it would", async () => {
    write(event);
    const ended = await patchMoi(["run", "event", "--file", file, "--dry-run", "--json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ method: "POST", path: "/flow-events", body: event });
  });

  test("a file that is no event is named with its fault", async () => {
    write({ ...event, payload: { entry: { entryId: "v2", tags: "v2" } } });
    const ended = await patchMoi(["run", "event", "--file", file, "--dry-run"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("payload.entry: unknown field 'tags', did you mean 'tag'?");
  });
});

test("run harness --dry-run prints the plan", async () => {
  const ended = await patchMoi(["run", "harness", "--dry-run", "--json"]);
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ command: ["node", expect.stringContaining("rehearsal"), "--json"] });
});
