import { describe, expect, test } from "vitest";
import { patchMoi, testApi } from "./testing/command-line.ts";
import { attempt, detail, event, source, stack } from "./testing/records.ts";

describe("usage", () => {
  test.each([
    ["an unknown command", ["statu"], "usage: unknown command 'statu' (Did you mean status?)"],
    ["an unknown option", ["status", "--jsn"], "usage: unknown option '--jsn' (Did you mean --json?)"],
    ["a missing argument", ["show"], "usage: missing required argument 'id'"],
    ["a missing note", ["dismiss", "web.1"], "usage: required option '--note <text>' not specified"],
    ["a limit that is none", ["events", "--limit", "0"], "give a number from 1 to 500"],
    ["no server", ["status"], "no_server: no server is named; give --server URL or set PATCH_MOI_URL"],
    ["no token", ["status", "--server", "http://127.0.0.1:9"], "no_token: "],
    [
      "a server that is no address",
      ["status", "--server", "patch", "--token", "t"],
      "usage: 'patch' is not an address",
    ],
    [
      "options that exclude each other",
      ["run", "event", "--file", "x", "--dry-run", "--local"],
      "usage: option '--dry-run' cannot be used with option '--local'",
    ],
    ["a runner that is none", ["runner", "once"], "not_registered: "],
  ])("%s is exit code 2 and one line", async (_, args, says) => {
    const ended = await patchMoi(args, { PATCH_MOI_HOME: "/tmp/patch-moi-test-absent" });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("help of every command has examples and ends well", async () => {
    const { stdout } = await patchMoi(["--help"]);
    const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].flatMap(([, name]) => (name === undefined ? [] : [name]));
    expect(names.length).toBeGreaterThan(20);
    const leaves = names.filter((name) => !["help", "runner", "runners", "run", "tokens"].includes(name)).slice(0, 6);
    const helps = await Promise.all(leaves.map((name) => patchMoi([name, "--help"])));
    for (const help of helps) {
      expect(help.code).toBe(0);
      expect(help.stdout).toContain("Examples:\n  $ patch.moi ");
    }
  });

  test("a server that is not there is exit code 1", async () => {
    await using api = await testApi({});
    await api[Symbol.asyncDispose]();
    const ended = await patchMoi(["stacks", "--json"], api.env);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^unreachable: cannot reach .*is the server running.*\n$/);
  });
});

describe("lists", () => {
  test("send filters and pages, and print the server's own document with --json", async () => {
    const answer = { attempts: [{ ...attempt, somethingNewer: true }], nextCursor: "abc" };
    await using api = await testApi({ "GET /maintenance-attempts": answer });
    const args = ["attempts", "--stack", "web", "--status", "needs_intervention", "--limit", "5", "--cursor", "x"];
    const json = await patchMoi([...args, "--json"], api.env);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual(answer);
    expect(Object.fromEntries(new URLSearchParams(api.calls[0]?.query))).toEqual({
      stackId: "web",
      status: "needs_intervention",
      limit: "5",
      cursor: "x",
    });
    const table = await patchMoi(args, api.env);
    expect(table.stdout).toContain("web.12");
    expect(table.stdout).toContain("more: --cursor abc");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what must not be there
    expect(table.stdout).not.toMatch(/\u001b/);
  });

  test("colours stay off in CI when nobody looks at a terminal", async () => {
    await using api = await testApi({ "GET /stacks": { stacks: [{ ...stack, paused: true }] } });
    const { stdout } = await patchMoi(["stacks"], { ...api.env, CI: "true" });
    expect(stdout).toContain("paused");
    expect(stdout).not.toContain("\u001b");
  });

  test("a wrong token says what to check", async () => {
    await using api = await testApi({});
    const ended = await patchMoi(["events"], { ...api.env, PATCH_MOI_TOKEN: "other" });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toBe("unauthorized: the token is missing or wrong (check PATCH_MOI_TOKEN or --token)\n");
  });
});

describe("show", () => {
  test("an attempt fits 80 columns and has what a person needs", async () => {
    await using api = await testApi({ "GET /maintenance-attempts/web.12": detail });
    const { stdout, code } = await patchMoi(["show", "web.12"], api.env);
    expect(code).toBe(0);
    for (const line of stdout.split("\n")) expect(Array.from(line).length).toBeLessThanOrEqual(80);
    for (const word of [
      "needs_intervention",
      "conflict:",
      "conflicted",
      "upstreamed",
      "src/http/client.ts (contents)",
      "Rewrite the HTTP client",
      "exit code 1",
      "not ok 1",
      "running -> needs_intervention",
      "(hand-over 1, ",
      "onto v2.0.0 (444444444444): 1 upstreamed, 1 conflicted",
    ])
      expect(stdout).toContain(word);
  });

  test("an event is found by its odd id", async () => {
    await using api = await testApi({
      [`GET /flow-events/${encodeURIComponent(event.id)}`]: { event, attempts: [attempt], dispatches: [] },
    });
    const { stdout, code } = await patchMoi(["show", event.id], api.env);
    expect(code).toBe(0);
    expect(stdout).toContain("web.12");
  });

  test("what is not there is said", async () => {
    await using api = await testApi({});
    const ended = await patchMoi(["show", "web.99"], api.env);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^not_found: there is no attempt or event 'web\.99'/);
  });
});

describe("actions", () => {
  test.each([
    [["sync", "web.12"], "POST /maintenance-attempts/web.12/sync", undefined],
    [["cancel", "web.12"], "POST /maintenance-attempts/web.12/cancel", undefined],
    [["land", "web.12"], "POST /maintenance-attempts/web.12/land", undefined],
    [["dismiss", "web.12", "--note", "no"], "POST /maintenance-attempts/web.12/dismiss", { note: "no" }],
    [
      ["resume", "web.12", "--note", "n", "--ref", "r"],
      "POST /maintenance-attempts/web.12/resume",
      { note: "n", resolvedRef: "r" },
    ],
  ])("%j", async (args, route, body) => {
    await using api = await testApi({ [route]: { attempt } });
    const ended = await patchMoi(args, api.env);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("web.12");
    expect(api.calls).toHaveLength(1);
    expect(api.calls[0]?.body).toEqual(body);
    expect(api.calls[0]?.headers.get("idempotency-key")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("retry names the stack when the event has several", async () => {
    const record = { eventId: event.id, stackId: "web", attemptId: "web.12", operation: "retry" };
    const route = `POST /flow-events/${encodeURIComponent(event.id)}/retry`;
    await using api = await testApi({ [route]: { event, attempt, record } });
    const ended = await patchMoi(["retry", event.id, "--stack", "web", "--json"], api.env);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ record });
    expect(api.calls[0]?.body).toEqual({ stackId: "web" });
  });
});

test("status says of each stack how far it is, and what waits for a person", async () => {
  const oid = "c".repeat(40);
  const at = "2026-01-02T03:04:05.000Z";
  const landed = { ...stack, id: "idle", carried: { tag: "v2.0.0", oid, landedAt: at }, highestTag: "v2.0.0" };
  const ref = "refs/heads/patch-moi/api/v3.1.0";
  const candidate = { id: "api.4:0", stackId: "api", attemptId: "api.4", eventId: event.id, kind: "branch", ref, oid };
  const older = { ...candidate, id: "api.3:0", attemptId: "api.3", tag: "v3.0.0", createdAt: at };
  const reason = { code: "conflict", message: "two patches conflict" };
  const drift = { commitsAhead: 2, commitsBehind: 412, daysBehind: 37.5 };
  const forecast = { number: 3, at, outcome: "conflicts", onto: { ref: "refs/heads/main", oid }, drift };
  await using api = await testApi({
    "GET /stacks": {
      stacks: [
        { ...stack, currentAttemptId: "web.12" },
        { ...stack, id: "api", highestTag: "v3.1.0", carried: { tag: "v3.0.0", oid, landedAt: at }, forecast },
        landed,
      ],
    },
    "GET /feed-sources": { sources: [source] },
    "GET /interventions": {
      interventions: [
        { id: "attempt:web.12", kind: "attempt", since: at, stackId: "web", attemptId: "web.12", reason, whatToDo: [] },
      ],
    },
    "GET /candidates": {
      candidates: [
        { ...candidate, tag: "v3.1.0", createdAt: at },
        { ...older, landedAt: at },
      ],
    },
    "GET /maintenance-attempts": { attempts: [attempt] },
  });
  const { stdout, code } = await patchMoi(["status"], api.env);
  expect(code).toBe(0);
  const line = (id: string) => stdout.split("\n").find((text) => text.startsWith(id));
  expect(line("web")).toMatch(/waits: conflict$/);
  expect(line("api")).toMatch(/^api\s+v3\.0\.0\s+v3\.1\.0\s+412 commits, 38 days, would conflict\s+to land: v3\.1\.0$/);
  expect(line("idle")).toMatch(/^idle\s+v2\.0\.0\s+v2\.0\.0\s+-\s+idle$/);
  expect(stdout).toContain("Waiting for a person (1):\n  web.12  conflict  two patches conflict");
  expect(stdout).toContain("Waiting to be landed (1):\n  api  v3.1.0: `patch.moi land api.4`");
  const json = await patchMoi(["status", "--json"], api.env);
  const found = JSON.parse(json.stdout) as unknown;
  expect(found).toMatchObject({ interventions: [{ attemptId: "web.12" }], toLand: [{ attemptId: "api.4" }] });
});

test("what a newer version declared is said to be there", async () => {
  const at = "2026-01-02T03:04:05.000Z";
  const later = (id: string) => [{ id, problem: "unknown field 'telepathy'", createdAt: at, updatedAt: at }];
  await using api = await testApi({
    "GET /stacks": { stacks: [], unreadable: later("web") },
    "GET /feed-sources": { sources: [source], unreadable: later("feed") },
    "GET /interventions": { interventions: [] },
    "GET /candidates": { candidates: [] },
    "GET /maintenance-attempts": { attempts: [] },
  });
  const [stackLine, sourceLine] = ["stack web", "source feed"].map(
    (one) => `${one} cannot be read by this version: unknown field 'telepathy'`,
  );
  expect((await patchMoi(["stacks"], api.env)).stdout).toBe(`${stackLine}\n`);
  expect((await patchMoi(["sources"], api.env)).stdout).toMatch(new RegExp(`^SOURCE.*\n.+\n${sourceLine}\n$`));
  expect((await patchMoi(["status"], api.env)).stdout).toContain(`${stackLine}\n${sourceLine}\n`);
});
