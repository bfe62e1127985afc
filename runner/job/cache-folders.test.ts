/** Sparse checkouts, folders kept between verifications, and bisection: as a policy asks. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StackPolicy } from "../../worker/contract/stack.ts";
import { bringCaches, keepCaches, pruneCaches } from "./cache-folders.ts";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder[Symbol.dispose]());

async function perform(repositories: Repositories, tag: string, policy: object) {
  const { upstream, fork } = repositories;
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: (text: string) => text,
    push: true,
  };
  const result = await performJob(testEnvelope({ upstream, fork, tag, policy }), tools, { PATH: process.env.PATH });
  expect(readdirSync(folder.home.work)).toEqual([]);
  return result;
}

test("a verification has the folders it asks for, and finds what the one before left", async () => {
  const repositories = Repositories.in(folder.path);
  repositories.release("v2", { "web/x": "x\n", "docs/y": "y\n", a: lines({ 18: "theirs" }) });
  repositories.release("v3", { "web/x": "x2\n" });
  const once = "test -f a && test -f web/x && test ! -e docs && mkdir -p web/cache && echo run >> web/cache/runs";
  const policy = (runs: number) => ({
    verify: [once, `test "$(wc -l < web/cache/runs)" -eq ${runs}`],
    verification: { sparse: ["web"], cache: ["web/cache", "web"] },
  });
  expect(await perform(repositories, "v2", policy(1))).toMatchObject({ outcome: "changed" });
  expect(await perform(repositories, "v3", policy(2))).toMatchObject({ outcome: "changed" });
  expect(readdirSync(folder.home.caches)).toHaveLength(1);
  const other = { ...policy(3), deadlines: { verifySeconds: 1 }, verify: [once, "sleep 30"] };
  repositories.release("v4", { "web/x": "x3\n" });
  const result = await perform(repositories, "v4", {
    ...other,
    verification: { ...other.verification, bisect: false },
  });
  expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "verify_failed" } });
  expect(result.report?.firstFailingPatch).toBeUndefined();
  expect(readdirSync(folder.home.caches)).toEqual([]);
});

test("nothing behind a link is moved, in or out", () => {
  const outside = join(folder.path, "outside");
  mkdirSync(join(outside, "cache"), { recursive: true });
  writeFileSync(join(outside, "cache", "precious"), "");
  const folders = { caches: folder.home.caches, stackId: "web", paths: ["linked/cache", "cache"], log: () => {} };
  const tree = mkdtempSync(join(folder.path, "tree-"));
  symlinkSync(outside, join(tree, "linked"));
  const kept = bringCaches(folders, tree);
  expect(kept).toEqual(["cache"]);
  symlinkSync(join(outside, "cache"), join(tree, "cache"));
  keepCaches(folders, tree, ["linked/cache", ...kept]);
  expect(existsSync(join(outside, "cache", "precious"))).toBe(true);
  expect(readdirSync(folder.home.caches)).toEqual([]);
});

test("caches over the limit go, the one used longest ago first", () => {
  for (const [index, stackId] of ["old", "new"].entries()) {
    const tree = mkdtempSync(join(folder.path, "tree-"));
    mkdirSync(join(tree, "cache"));
    writeFileSync(join(tree, "cache", "x"), Buffer.alloc(1000 * (index + 1)));
    keepCaches({ caches: folder.home.caches, stackId, paths: ["cache"], log: () => {} }, tree, ["cache"]);
  }
  expect(pruneCaches(folder.home.caches, 1_000_000)).toBe(0);
  expect(pruneCaches(folder.home.caches, 2500)).toBe(1);
  expect(pruneCaches(folder.home.caches, 0)).toBe(1);
});

test.each(["../x", "/x", ".git", "a/.GIT/hooks", "a//b", "a/./b", "a\nb", "", "*"])(
  "%j is no folder of a policy",
  (path) => {
    expect(StackPolicy.safeParse({ verification: { cache: [path] } }).success).toBe(false);
    expect(StackPolicy.safeParse({ verification: { sparse: [path] } }).success).toBe(false);
  },
);
