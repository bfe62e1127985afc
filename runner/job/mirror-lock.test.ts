import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { takeLock } from "./mirror-lock.ts";
import { type Scratch, scratch } from "./testing/scratch.ts";
import { TestClock } from "./testing/test-clock.ts";

let folder: Scratch;
let path: string;
beforeEach(() => {
  folder = scratch();
  path = join(folder.path, "m.lock");
});
afterEach(() => folder[Symbol.dispose]());

const never = new AbortController().signal;

test("is held by one, given on when released, and not waited for once stopped", async () => {
  const release = await takeLock(path, new TestClock(), never);
  const stop = new AbortController();
  const second = takeLock(path, systemClock, stop.signal);
  stop.abort();
  expect(await second).toBeUndefined();
  const third = takeLock(path, systemClock, never);
  release?.();
  const releaseThird = await third;
  expect(existsSync(path)).toBe(true);
  releaseThird?.();
  expect(existsSync(path)).toBe(false);
});

test("of a process that is gone is taken over; of another machine it is not", async () => {
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  writeFileSync(path, JSON.stringify({ pid: child.pid, host: hostname(), token: "t" }));
  const release = await takeLock(path, new TestClock(), never);
  expect(release).toBeTypeOf("function");
  release?.();
  writeFileSync(path, JSON.stringify({ pid: child.pid, host: "another-machine", token: "t" }));
  const stop = new AbortController();
  const wait = async () => {
    stop.abort();
    return false;
  };
  const waiting = takeLock(path, { now: () => 0, random: () => 0, wait }, stop.signal);
  expect(await waiting).toBeUndefined();
});

test("of a number that belongs to another process by now is taken over", async () => {
  writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: "1", host: hostname(), token: "t" }));
  const release = await takeLock(path, new TestClock(), never);
  release?.();
  expect(existsSync(path)).toBe(false);
});

test("of a killed process never lets two others in at once", async () => {
  const counter = join(folder.path, "counter");
  writeFileSync(counter, "0");
  const dead = spawn("true");
  await new Promise((resolve) => dead.once("exit", resolve));
  writeFileSync(path, JSON.stringify({ pid: dead.pid, host: hostname(), token: "t" }));
  const module = fileURLToPath(new URL("./mirror-lock.ts", import.meta.url));
  const clock = fileURLToPath(new URL("./clock.ts", import.meta.url));
  // Read, wait, write: two at once lose a count.
  const program = `
    import { readFileSync, writeFileSync } from "node:fs";
    const { takeLock } = await import(${JSON.stringify(module)});
    const { systemClock } = await import(${JSON.stringify(clock)});
    for (let i = 0; i < 5; i++) {
      const release = await takeLock(${JSON.stringify(path)}, systemClock, new AbortController().signal);
      const count = Number(readFileSync(${JSON.stringify(counter)}, "utf8"));
      await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(${JSON.stringify(counter)}, String(count + 1));
      release();
    }`;
  const children: ChildProcess[] = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" }),
  );
  const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.once("exit", resolve))));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(readFileSync(counter, "utf8")).toBe("20");
});
