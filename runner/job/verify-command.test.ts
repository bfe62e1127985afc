import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lookAtProcess } from "./process-life.ts";
import { makeRedactor } from "./redact.ts";
import { type Scratch, scratch } from "./testing/scratch.ts";
import { runVerifyCommand, type VerifyCommand } from "./verify-command.ts";

let folder: Scratch;
let logged: string[];
beforeEach(() => {
  folder = scratch();
  logged = [];
  for (const name of ["tree", "empty-home", "tmp"]) mkdirSync(join(folder.path, name));
});
afterEach(() => folder[Symbol.dispose]());

function run(command: string, more: Partial<VerifyCommand> = {}) {
  const checkout = {
    tree: join(folder.path, "tree"),
    home: join(folder.path, "empty-home"),
    temp: join(folder.path, "tmp"),
    remove: () => {},
  };
  return runVerifyCommand({
    command,
    checkout,
    env: process.env,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    redact: makeRedactor([]),
    log: (text) => void logged.push(text),
    ...more,
  });
}

test("sees an environment without credentials, and only what was asked for beside it", async () => {
  const env = {
    PATH: process.env.PATH,
    API_TOKEN: "t",
    SSH_AUTH_SOCK: "/s",
    HOME: "/root",
    CCACHE_DIR: "/c",
    PATCH_MOI_TOKEN: "p",
  };
  const { outputTail, exitCode } = await run("env | cut -d= -f1", {
    env: { ...env, PATCH_MOI_VERIFY_ENV: "CCACHE_DIR, NOPE" },
  });
  expect(exitCode).toBe(0);
  const names = outputTail
    .trim()
    .split("\n")
    .filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name));
  expect(names.sort()).toEqual([
    "CCACHE_DIR",
    "CI",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_TERMINAL_PROMPT",
    "HOME",
    "PATCH_MOI_CONTAINED",
    "PATH",
    "TERM",
    "TMPDIR",
  ]);
});

test("is ended with all its children when its time is over", async () => {
  const pidFile = join(folder.path, "pid");
  const run1 = await run(`sleep 600 & echo $! > ${pidFile}; wait`, { timeoutMs: 300 });
  expect(run1).toMatchObject({ timedOut: true, exitCode: 124 });
  await expect.poll(() => lookAtProcess(Number(readFileSync(pidFile, "utf8"))).alive).toBe(false);
});

test("leaves nothing running behind when it ends by itself", async () => {
  const pidFile = join(folder.path, "pid");
  expect(await run(`sleep 600 & echo $! > ${pidFile}`)).toMatchObject({ exitCode: 0 });
  await expect.poll(() => lookAtProcess(Number(readFileSync(pidFile, "utf8"))).alive).toBe(false);
});

test("keeps the head and the tail of a long output, and logs all of it", async () => {
  const { outputTail } = await run("echo first; seq 1 100000; echo last >&2");
  expect(outputTail.length).toBeLessThan(40_000);
  expect(outputTail.startsWith("first\n1\n2\n")).toBe(true);
  expect(outputTail).toContain("characters left out");
  expect(outputTail).toContain("\n100000\n");
  expect(outputTail).toContain("last");
  expect(logged.join("\n").split("\n")).toHaveLength(100_002);
});

test.each([
  ["exit 3", 3],
  ["kill -9 $$", 137],
  ["no-such-program-here", 127],
])("%s gives exit code %i", async (command, exitCode) => {
  expect(await run(command)).toMatchObject({ exitCode, timedOut: false });
});

test("takes secrets out although they come in pieces", async () => {
  const { outputTail } = await run("printf very-sec; sleep 0.1; printf 'ret-value\\n'", {
    redact: makeRedactor(["very-secret-value"]),
  });
  expect(outputTail).toBe("[redacted]\n");
});
