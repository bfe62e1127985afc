/** Exports that break off go on; files that are not whole are noticed; the older service's folder is read leniently. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claimFile } from "../records/file-claim.ts";
import { readOlderData } from "../records/older-data.ts";
import { checkExport, recordsOf } from "../records/record-lines.ts";
import { patchMoi, testApi } from "./testing/command-line.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "export-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const line = (n: number) => ({ kind: "event", record: { id: `e${n}`, text: "✓".repeat(n) } });
const credential = { kind: "credential", record: { name: "forge", sealed: "sealed-text" } };

/** Pages of three records each; undefined is an answer that is not given. */
function pages(...ends: (string | undefined)[]) {
  let asked = 0;
  return {
    get "GET /records"() {
      const page = asked++;
      const next = ends[page];
      if (next === undefined) return undefined;
      const records = [line(page * 2), line(page * 2 + 1), credential];
      return { v: 1, records, ...(next === "" ? {} : { nextCursor: next }) };
    },
  };
}

it("goes on where the connection broke, and the file is as if it never had", async () => {
  const whole = join(folder, "whole.ndjson");
  const broken = join(folder, "broken.ndjson");
  {
    await using api = await testApi(pages("event:2", "event:4", ""));
    expect(await patchMoi(["export", "-o", whole], api.env)).toMatchObject({ code: 0 });
    expect(api.calls.map(({ query }) => query)).toEqual(["", "?cursor=event%3A2", "?cursor=event%3A4"]);
  }
  await using api = await testApi(pages("event:2", undefined, "event:4", undefined));
  const first = await patchMoi(["export", "-o", broken], api.env);
  expect([first.code, first.stderr]).toEqual([1, expect.stringMatching(/^not_found: .*the same command goes on/)]);
  // What was written after the last place that counts is written again.
  writeFileSync(`${broken}.part`, `${readFileSync(`${broken}.part`, "utf8")}{"kind":"ev`);
  const second = await patchMoi(["export", "-o", broken], api.env);
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining("going on after 3 records")]);
  expect(api.calls.map(({ query }) => query)).toEqual([
    "",
    "?cursor=event%3A2",
    "?cursor=event%3A2",
    "?cursor=event%3A4",
  ]);
  const text = readFileSync(`${broken}.part`, "utf8");
  expect(text.split("\n").filter((one) => one.includes('"kind":"event"'))).toHaveLength(4);
  expect(readFileSync(whole, "utf8").split("\n")).toHaveLength(12);
});

it("goes on only with what it began itself, and writes over nothing else", async () => {
  await using api = await testApi(pages("event:2", undefined, "event:2", "event:4", ""));
  const file = join(folder, "two.ndjson");
  const part = `${file}.part`;
  expect((await patchMoi(["export", "-o", file], api.env)).code).toBe(1);
  const begun = readFileSync(part, "utf8");
  const refusals: [string, string, () => void][] = [
    ["not_an_export", "is no export, so it stays", () => writeFileSync(file, "my notes\n")],
    ["not_an_export", "is no export, so it stays", () => writeFileSync(part, "my notes")],
    ["other_export", "is an export with credentials that is not whole", () => undefined],
    ["line_too_long", "has more than", () => writeFileSync(part, "x".repeat(9 * 1024 * 1024))],
  ];
  for (const [code, said, arrange] of refusals) {
    arrange();
    const before = readFileSync(part, "utf8");
    const { stderr } = await patchMoi(["export", "--no-credentials", "-o", file], api.env);
    expect(stderr).toMatch(new RegExp(`^${code}: `));
    expect(stderr).toContain(said);
    expect(readFileSync(part, "utf8")).toBe(before);
    rmSync(file, { force: true });
    writeFileSync(part, begun);
  }
  await using other = await testApi(pages(""));
  const elsewhere = await patchMoi(["export", "-o", file], other.env);
  expect(elsewhere.stderr).toContain(`other_export: ${part} is an export of ${api.env.PATCH_MOI_URL}`);
  // What somebody changed meanwhile is not what was read: all of it is read again.
  writeFileSync(part, begun.replace('"e1"', '"e9"'));
  const anew = await patchMoi(["export", "-o", file], api.env);
  expect([anew.code, anew.stderr]).toEqual([0, `${part} is not as it was written: beginning anew\n`]);
  expect((await checkExport(file)).trailer.records).toBe(9);
});

it("ends after its page when it is interrupted, at once the second time, and goes on", async () => {
  const file = join(folder, "interrupted.ndjson");
  let interrupt: (() => void) | undefined;
  let heard: (() => void) | undefined;
  const page = (id: string) => ({ v: 1, records: [{ kind: "event", record: { id } }], nextCursor: `event:${id}` });
  // The first page is there before the signal is; the second one is never given.
  const asked: (() => unknown)[] = [
    async () => {
      await new Promise<void>((resolve) => {
        heard = resolve;
        interrupt?.();
      });
      return page("1");
    },
    () => new Promise(() => interrupt?.()),
    () => ({ v: 1, records: page("2").records }),
  ];
  await using api = await testApi({
    get "GET /records"() {
      return asked.shift()?.();
    },
  });
  const run = {
    onStart: (kill: (signal: NodeJS.Signals) => void) => {
      interrupt = () => kill("SIGINT");
    },
  };
  const stopping = "stopping after this page; once more stops at once\n";
  const stopped = "interrupted: stopped; what was read is kept: the same command goes on\n";
  const first = await patchMoi(["export", "-o", file], api.env, { ...run, onStderr: () => heard?.() });
  expect(first).toEqual({ code: 1, stdout: "", stderr: stopping + stopped });
  const second = await patchMoi(["export", "-o", file], api.env, {
    ...run,
    onStderr: (text) => {
      if (text.endsWith(stopping)) interrupt?.();
    },
  });
  const goingOn = `going on after 1 records that ${file}.part holds already\n`;
  expect(second).toEqual({ code: 1, stdout: "", stderr: `${goingOn}${stopping}stopping at once\n${stopped}` });
  expect(await patchMoi(["export", "-o", file], api.env)).toMatchObject({ code: 0, stderr: goingOn });
  expect((await checkExport(file)).trailer.records).toBe(2);
});

it("stops where the disk is full, and goes on when there is room", async () => {
  const file = join(folder, "full.ndjson");
  const page = {
    v: 1,
    records: [{ kind: "event", record: { id: "e", text: "x".repeat(60_000) } }],
    nextCursor: "event:2",
  };
  const { nextCursor: _, ...last } = page;
  let asked = 0;
  await using api = await testApi({
    get "GET /records"() {
      return asked++ < 3 ? page : last;
    },
  });
  const stopped = await patchMoi(["export", "-o", file], api.env, { mostBytes: 100 * 1024 });
  expect([stopped.code, stopped.stderr]).toEqual([1, expect.stringMatching(/^disk_full: .*the same command goes on/)]);
  expect(existsSync(file)).toBe(false);
  const done = await patchMoi(["export", "-o", file], api.env);
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("going on after 1 records")]);
  expect((await checkExport(file)).trailer.records).toBe(3);
});

it("is the only one that writes a file, unless the other one is gone", async () => {
  const file = join(folder, "claimed.ndjson");
  await using api = await testApi(pages("", ""));
  const release = claimFile(file);
  const second = await patchMoi(["export", "-o", file], api.env);
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining(`process ${process.pid} on ${hostname()}`)]);
  expect(second.stderr).toMatch(/^file_in_use: /);
  expect(api.calls).toEqual([]);
  release();
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const lock = { pid: gone, host: hostname(), since: "2026-01-01T00:00:00.000Z" };
  writeFileSync(`${file}.lock`, JSON.stringify(lock));
  expect(await patchMoi(["export", "-o", file], api.env)).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(folder).filter((name) => name.startsWith("claimed"))).toEqual(["claimed.ndjson"]);
});

it("reads lines as they were written, whatever their texts hold", async () => {
  const texts = ["a\u2028b\u2029c\rd\u0085e", "\u0000", "\ud800", "é".repeat(300_000)];
  const records = texts.map((text, n) => ({ kind: "event", record: { id: `e${n}`, text } }));
  await using api = await testApi({ "GET /records": { v: 1, records } });
  const file = join(folder, "texts.ndjson");
  await patchMoi(["export", "-o", file], api.env);
  expect((await checkExport(file)).trailer.records).toBe(texts.length);
  const read = [];
  for await (const { line: at, record } of recordsOf(file, ["event"])) read.push([at, record.record.text]);
  expect(read).toEqual(texts.map((text, n) => [n + 2, text]));
  // By way of a system that ends lines in two characters it is the same.
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"));
  expect((await checkExport(file)).trailer.records).toBe(texts.length);
});

it("leaves credentials out when asked, and writes to standard output as to a file", async () => {
  await using api = await testApi(pages(""));
  const { stdout, code } = await patchMoi(["export", "--no-credentials"], api.env);
  expect(code).toBe(0);
  expect(stdout).not.toContain("sealed-text");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one) as object);
  expect(lines[0]).toMatchObject({ export: "patch.moi", v: 1, credentials: "left_out" });
  expect(lines.at(-1)).toMatchObject({ end: true, records: 2, kinds: { event: 2 } });
  const file = join(folder, "stdout.ndjson");
  writeFileSync(file, stdout);
  expect((await patchMoi(["import", file, "--dry-run"])).stdout).toContain("2 records");
});

it("notices a file that is cut short, changed, of a newer version, or none", async () => {
  await using api = await testApi(pages(""));
  const file = join(folder, "file.ndjson");
  await patchMoi(["export", "-o", file], api.env);
  const good = readFileSync(file, "utf8");
  expect((await checkExport(file)).trailer.records).toBe(3);
  const cases: [string, string][] = [
    [good.replace('"e1"', '"e7"'), "export_damaged"],
    [good.split("\n").toSpliced(1, 1).join("\n"), "export_damaged"],
    [`${good}${JSON.stringify(line(1))}\n`, "export_damaged"],
    [good.replace('"v":1', '"v":2'), "export_too_new"],
    [good.split("\n").slice(0, -2).join("\n"), "export_cut_short"],
    [good.slice(0, -100), "export_cut_short"],
    [good.replace('"record"', '"recor'), "export_damaged"],
    ['{"some":"json"}\n', "not_an_export"],
    ["", "not_an_export"],
  ];
  for (const [text, code] of cases) {
    writeFileSync(file, text);
    await expect(checkExport(file)).rejects.toMatchObject({ code });
  }
  const refused = await patchMoi(["import", file], api.env);
  expect(refused.stderr).toMatch(/^not_an_export: /);
  expect(api.calls.filter(({ method }) => method === "POST")).toEqual([]);
});

const BEGUN = `imp_${"0".repeat(24)}`;

/** The answers to an import: these of its lines, one for each request. */
function importing(answers: object[]) {
  const at = "2026-01-01T00:00:00.000Z";
  const file = { sha256: "a".repeat(64), records: 3, at, version: "0.1.0" };
  const begun = { id: BEGUN, actor: "admin", file, new: 0, same: 0, refused: 0, begunAt: at, lastAt: at };
  return {
    "POST /imports": begun,
    [`POST /imports/${BEGUN}/end`]: begun,
    get "POST /records"() {
      return answers.shift();
    },
  };
}

it("imports with who began it on every request, and says what was refused and what goes on", async () => {
  const file = join(folder, "import.ndjson");
  {
    await using api = await testApi(pages(""));
    await patchMoi(["export", "-o", file], api.env);
  }
  const refusal = (index: number) => ({ index, kind: "event", key: `e${index}`, code: "differs", message: "another" });
  const answer = { new: 0, same: 0, refused: [refusal(0), refusal(1)] };
  await using api = await testApi(importing([answer, { new: 1, same: 0, refused: [] }, answer]));
  const { code, stdout } = await patchMoi(["import", file, "--json"], api.env);
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    expect.objectContaining({
      id: BEGUN,
      new: 1,
      refused: 2,
      refusals: [
        {
          kind: "event",
          code: "differs",
          count: 2,
          first: [expect.objectContaining({ line: 2, key: "e0" }), expect.objectContaining({ line: 3, key: "e1" })],
        },
      ],
    }),
  ]);
  expect(api.calls.map(({ path }) => path)).toEqual(["/imports", "/records", "/records", `/imports/${BEGUN}/end`]);
  expect(api.calls[1]?.body).toMatchObject({ import: BEGUN, records: [line(0), line(1)] });
  // The second request is not answered.
  const broken = await patchMoi(["import", file], api.env);
  expect([broken.code, broken.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^not_found: .*; 2 of 3 records are in: the same command goes on\. .* --give-up imp_[0-9a-f]+\n$/,
    ),
  ]);
});

it("lists imports, and tells one that is under way from one that broke off", async () => {
  const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const file = { sha256: "0".repeat(64), records: 3, at: ago(99), version: "1.0.0" };
  const counts = { new: 1, same: 0, refused: 0 };
  const of = (last: number, more: object) => {
    const times = { begunAt: ago(60), lastAt: ago(last) };
    return { id: BEGUN, actor: "admin", file, ...counts, ...times, ...more };
  };
  const imports = [of(0.5, {}), of(14, {}), of(30, { endedAt: ago(30) })];
  await using api = await testApi({ "GET /imports": { imports } });
  const { stdout } = await patchMoi(["imports"], api.env);
  expect(stdout.match(/(under|broke|ended).*$/gm)).toEqual([
    expect.stringMatching(/^under way, last lines 3\ds ago$/),
    "broke off, no lines for 14m",
    "ended",
  ]);
});

it("gives up an import step by step, and wants one thing at a time", async () => {
  const steps = [
    { stacks: ["web"], sources: ["tags"], more: true },
    { stacks: ["app"], sources: [], more: false },
  ];
  await using api = await testApi({
    get [`POST /imports/${BEGUN}/give-up`]() {
      return steps.shift();
    },
  });
  expect(await patchMoi(["import", "--give-up", BEGUN], api.env)).toMatchObject({
    code: 0,
    stdout: "taken away: stack 'web', stack 'app', source 'tags'\n",
  });
  const both = await patchMoi(["import", "some.ndjson", "--give-up", BEGUN], api.env);
  expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/^usage: /)]);
});

it("reads the older service's files leniently, and says what it made of each", () => {
  const torn = '{"id":"patch:web:v3:upstream.rel';
  const data = readOlderData(
    {
      "feed-state.json": JSON.stringify({
        web: { lastPollAt: 1_700_000_000, seen: ["tag:v1", "tag:v2"], etag: "x" },
        other: { lastEntryId: "o1" },
      }),
      "feed-events.jsonl": `${JSON.stringify({ sourceId: "web", entryId: "tag:v2", tag: "v2", at: "2024-01-01" })}\n{}\n`,
      "flow-events.jsonl": `${JSON.stringify({ id: "patch:web:v2:upstream.release", type: "release", payload: { tag: "v2" }, createdAt: "2024-01-01T00:00:00Z", unknown: 1 })}\n${torn}`,
      "maintenance-attempts.jsonl": [
        { id: "a1", eventId: "patch:web:v2:upstream.release", status: "started", createdAt: "2024-01-02T00:00:00Z" },
        {
          id: "a1",
          status: "changed",
          finishedAt: "2024-01-03T00:00:00Z",
          candidateRefs: [{ ref: "refs/heads/x", sha: "a".repeat(40) }],
        },
        {
          id: "a2",
          eventId: "patch:web:v1:upstream.release",
          status: "needs_intervention",
          tag: "v1",
          sourceId: "web",
          at: 1_700_000_000_000,
        },
        { id: "a3", eventId: "patch:gone:v1:upstream.release", status: "failed" },
        { status: "failed" },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
      "workspace-dispatches.jsonl": JSON.stringify({ attemptId: "a1", runIds: ["run-7"], status: "completed" }),
    },
    (id) => (id === "web" ? ["web-stack"] : []),
  );
  expect([...data.sources].map(([id, told]) => [id, told.map(({ entry }) => entry.entryId)])).toEqual([
    ["web", ["tag:v1", "tag:v2", "v2"]],
    ["other", ["o1"]],
  ]);
  const stack = data.stacks.get("web-stack");
  expect(stack?.attempts.map(({ status, reason, candidates }) => [status, reason.code, candidates.length])).toEqual([
    ["changed", "imported", 1],
    ["dismissed", "imported_open", 0],
  ]);
  expect(stack?.attempts[0]?.reason.message).toContain("run-7");
  expect(stack?.events.map(({ id }) => id)).toEqual(["patch:web:v2:upstream.release", "patch:web:v1:upstream.release"]);
  expect([...data.stacks.keys()]).toEqual(["web-stack"]);
  expect(data.files.map(({ file, lines, taken }) => [file, lines, taken])).toEqual([
    ["feed-state.json", 1, 3],
    ["feed-events.jsonl", 2, 1],
    ["flow-events.jsonl", 2, 1],
    ["maintenance-attempts.jsonl", 5, 2],
    ["workspace-dispatches.jsonl", 1, 0],
  ]);
  expect(data.files.flatMap(({ notes }) => notes)).toContain("its last line was cut off and is left out");
});
