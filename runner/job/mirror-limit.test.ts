import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mirrorLimit, pruneMirrors, touchMirror } from "./mirror-limit.ts";
import { tryLock } from "./mirror-lock.ts";
import { type Scratch, scratch } from "./testing/scratch.ts";

let folder: Scratch;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder[Symbol.dispose]());

/** A mirror of `bytes`, last used `daysAgo`. */
function mirror(name: string, bytes: number, daysAgo: number): string {
  const gitDir = join(folder.home.mirrors, `${name}.git`);
  mkdirSync(join(gitDir, "objects"), { recursive: true });
  writeFileSync(join(gitDir, "objects", "pack"), Buffer.alloc(bytes));
  touchMirror(gitDir);
  const then = new Date(Date.now() - daysAgo * 86_400_000);
  utimesSync(join(gitDir, "patch-moi-used"), then, then);
  return gitDir;
}

const left = () => readdirSync(folder.home.mirrors).filter((name) => !name.endsWith(".lock"));

test.each([
  ["10GiB", 10 * 1024 ** 3],
  ["500MB", 5e8],
  ["1.5 g", 1.5e9],
  ["0", 0],
  ["", 10 * 1024 ** 3],
])("the limit %j is %i bytes", (text, bytes) => {
  expect(mirrorLimit({ PATCH_MOI_MIRROR_LIMIT: text })).toBe(bytes);
});

test("a limit that is no size is said", () => {
  expect(() => mirrorLimit({ PATCH_MOI_MIRROR_LIMIT: "much" })).toThrow(/is not a size/);
});

test("what was not used for longest goes, until the rest fits; one in use stays", async () => {
  const oldest = mirror("oldest", 200_000, 9);
  mirror("older", 200_000, 5);
  mirror("newest", 200_000, 0);
  mkdirSync(join(folder.home.mirrors, "half.git.removed"));
  expect(await pruneMirrors(folder.home, 10e6)).toEqual([]);
  expect(left()).toEqual(["newest.git", "older.git", "oldest.git"]);
  const release = await tryLock(`${oldest}.lock`);
  expect(await tryLock(`${oldest}.lock`)).toBeUndefined();
  await pruneMirrors(folder.home, 450_000);
  expect(left()).toEqual(["newest.git", "oldest.git"]);
  release?.();
  await pruneMirrors(folder.home, 0);
  expect(left()).toEqual([]);
});
