import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { factsOf } from "../tail/fact.ts";
import { followFile } from "../tail/followed-file.ts";
import { JsonDocuments } from "../tail/json-documents.ts";
import { patchMoi } from "./testing/command-line.ts";

const at = "2026-01-01T00:00:00.000Z";
const line = (name: string, more: object = {}, level = "info") => JSON.stringify({ at, level, name, ...more });

/** As `wrangler tail --format json` prints it. */
function invocation(logs: string[], more: object = {}): string {
  const timestamp = Date.parse(at);
  const event = {
    outcome: "ok",
    scriptName: "patch-moi",
    exceptions: [],
    logs: logs.map((text) => ({ message: [text], level: "log", timestamp })),
    eventTimestamp: timestamp,
    event: { cron: "* * * * *" },
    ...more,
  };
  return `${JSON.stringify(event, null, 2)}\n`;
}

async function temporary(): Promise<{ folder: string; [Symbol.asyncDispose]: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "patch-moi-tail-"));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

describe("reading the stream", () => {
  test("objects come out whole however the stream is cut, and nothing else does", () => {
    const text = `wrangler says hello\n${invocation([line("cron.tick")])}{ not json }\n[x] y\n${line("feed.polled", { error: 'a "}" b' })}\n`;
    for (const size of [1, 7, 64, text.length]) {
      const documents = new JsonDocuments();
      const found: unknown[] = [];
      for (let i = 0; i < text.length; i += size) found.push(...documents.read(text.slice(i, i + size)));
      expect(found.flatMap(factsOf).map(({ name }) => name)).toEqual(["cron.tick", "feed.polled"]);
    }
  });

  test("warnings and errors are read in the frame that `wrangler dev` puts them in", () => {
    const framed = (word: string, colours: string) =>
      `\u001B[${colours}m▲ \u001B[43;33m[\u001B[43;30m${word}\u001B[43;33m]\u001B[0m \u001B[1m`;
    const text = [
      `${framed("WARNING", "33")}${line("outbox.retry", { error: "a {" }, "warn")}\u001B[0m\n\n`,
      `✘ [ERROR] ${line("outbox.dead", {}, "error")}\n`,
      `▲ [WARNING] no { object\n${line("cron.tick")}\n`,
    ].join("\n");
    for (const size of [1, 7, 64, text.length]) {
      const documents = new JsonDocuments();
      const found: unknown[] = [];
      for (let i = 0; i < text.length; i += size) found.push(...documents.read(text.slice(i, i + size)));
      const facts = found.flatMap(factsOf).map(({ level, name }) => `${level} ${name}`);
      expect(facts).toEqual(["warn outbox.retry", "error outbox.dead", "info cron.tick"]);
    }
  });

  test("what the platform says of an invocation becomes a fact of its own", () => {
    const exceptions = [{ name: "Error", message: "boom", timestamp: Date.parse(at), stack: "at x" }];
    const [thrown] = factsOf(JSON.parse(invocation([], { outcome: "exception", exceptions })));
    expect(thrown).toMatchObject({
      level: "error",
      name: "worker.exception",
      fields: { error: "Error: boom", stack: "at x" },
    });
    const [cut] = factsOf(JSON.parse(invocation([], { outcome: "exceededCpu" })));
    expect(cut).toMatchObject({ level: "error", name: "worker.outcome", fields: { outcome: "exceededCpu" } });
    const [plain] = factsOf(JSON.parse(invocation(["hello"])));
    expect(plain).toMatchObject({ level: "info", name: "worker.log", fields: { message: "hello" } });
  });

  test("a file is followed as it grows and when it is written anew", async () => {
    await using temp = await temporary();
    const file = join(temp.folder, "edge.log");
    await writeFile(file, "old\n");
    const stop = new AbortController();
    const pieces = followFile(file, { backlog: 0, follow: true, signal: stop.signal });
    const next = pieces.next();
    await appendFile(file, "one\n");
    expect((await next).value).toBe("one\n");
    const anew = pieces.next();
    await writeFile(file, "n\n");
    expect((await anew).value).toBe("n\n");
    stop.abort();
    expect((await pieces.next()).done).toBe(true);
  });
});

describe("patch.moi tail", () => {
  test("shows a line per fact, filtered by stack and level, with errors expanded", async () => {
    await using temp = await temporary();
    const file = join(temp.folder, "edge.log");
    const moved = { stackId: "web", attemptId: "web.12", from: "queued", to: "dispatched", epoch: 1 };
    await writeFile(
      file,
      [
        line("attempt.transition", moved),
        line("attempt.transition", { ...moved, stackId: "other", attemptId: "other.1" }),
        line("outbox.dead", { stackId: "web", attemptId: "web.12", error: "answered\n404" }, "error"),
      ].join("\n"),
    );
    const args = ["tail", "--file", file, "--no-follow"];
    const all = await patchMoi([...args, "--stack", "web"]);
    expect(all.code).toBe(0);
    const lines = all.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d {2}attempt\.transition {3}web\.12 +queued → dispatched$/);
    // The attempt is named once, and what failed stands below.
    expect(lines[1]).toMatch(/outbox\.dead +│/);
    expect(lines.slice(2).map((text) => text.trim())).toEqual(["┆ answered", "┆ 404"]);
    const errors = await patchMoi([...args, "--level", "error", "--json"]);
    expect(
      errors.stdout
        .trimEnd()
        .split("\n")
        .map((text) => (JSON.parse(text) as { name: string }).name),
    ).toEqual(["outbox.dead"]);
  });

  test.each([
    ["staging", "tail --format json --env staging"],
    // Its Worker has the name that stands in wrangler.toml.
    ["production", "tail --format json"],
  ])("asks wrangler for the log of %s, and asks again when it ends", async (environment, asked) => {
    await using temp = await temporary();
    const bin = join(temp.folder, "bin");
    await mkdir(bin);
    const printed = join(temp.folder, "printed.json");
    await writeFile(printed, invocation([line("cron.tick")]));
    // Stands for wrangler: the deployment that the real one would tail needs an account.
    const script = `#!/bin/sh\necho "$@" >>"${temp.folder}/calls"\ncat "${printed}"\necho "connection lost" >&2\n`;
    await writeFile(join(bin, "wrangler"), script);
    await chmod(join(bin, "wrangler"), 0o755);
    const env = { PATH: `${bin}${delimiter}${process.env.PATH}`, PATCH_MOI_URL: "https://patch.test.org" };
    const { promise: twice, resolve } = Promise.withResolvers<void>();
    const ended = patchMoi(["tail", "--env", environment], env, {
      cwd: temp.folder,
      onStart: (kill) => void twice.then(() => kill("SIGINT")),
      onStdout: (text) => {
        if ((text.match(/cron\.tick/g)?.length ?? 0) > 1) resolve();
      },
    });
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout.match(/cron\.tick/g)?.length).toBeGreaterThan(1);
    expect(stderr).toContain("connection lost; again in 1 s");
    const calls = (await readFile(join(temp.folder, "calls"), "utf8")).trimEnd().split("\n");
    expect(new Set(calls)).toEqual(new Set([asked]));
  });

  test.each([
    ["no wrangler", { PATCH_MOI_URL: "https://patch.test.org" }, /^no_wrangler: wrangler is not installed here/],
    [
      "no log of a local server",
      { PATCH_MOI_URL: "http://127.0.0.1:8787" },
      /^no_log: there is no .*start `npm run dev`/,
    ],
  ])("%s is said in one line", async (_, env, says) => {
    await using temp = await temporary();
    const ended = await patchMoi(["tail"], { ...env, PATH: temp.folder }, { cwd: temp.folder });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr.replace("connecting to the deployment's log …\n", "")).toMatch(says);
  });
});
