import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Scratch, scratch } from "./testing/scratch.ts";
import { makeWorkFolder, sweepWorkFolders } from "./work-folder.ts";

let folder: Scratch;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder[Symbol.dispose]());

test("folders of processes that are gone are removed, those of living ones and of others stay", async () => {
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  const { work } = folder.home;
  const mine = makeWorkFolder(work, "replay");
  mkdirSync(join(work, `verify-${child.pid}.0-abc`, "tree"), { recursive: true });
  // Our number, but of a process that started at another time.
  mkdirSync(join(work, `verify-${process.pid}.1-abc`));
  mkdirSync(join(work, "notes"));
  expect(sweepWorkFolders(work)).toBe(process.platform === "linux" ? 2 : 1);
  expect(existsSync(mine)).toBe(true);
  expect(readdirSync(work)).toContain("notes");
});
