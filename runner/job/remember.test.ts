import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
});
afterEach(() => folder[Symbol.dispose]());

async function perform(parts: EnvelopeParts): Promise<AttemptResult> {
  const { upstream, fork } = repositories;
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: (text: string) => text,
    push: true,
  };
  const result = await performJob(testEnvelope({ upstream, fork, ...parts }), tools, { PATH: process.env.PATH });
  return AttemptResult.parse(result);
}

/** `v2` conflicts on line five and is resolved by a person; `v3` has the same conflict, elsewhere changed. */
async function resolveV2(policy = {}): Promise<AttemptResult> {
  repositories.release("v2", { a: lines({ 5: "theirs" }) });
  repositories.pushToFork("resolved", "v2", [
    { subject: "Ours: line five", files: { a: lines({ 5: "theirs and ours" }) } },
    { subject: "Ours: a new file", files: { b: "new\n" } },
  ]);
  return perform({ resume: { note: "both", resolvedRef: "resolved" }, policy });
}

const MEMORY = "refs/patch-moi/rerere";

test("the same conflict is resolved the same way later, marked and verified", async () => {
  expect(await resolveV2()).toMatchObject({ outcome: "changed", report: { warnings: [] } });
  const tree = repositories.git(repositories.fork, "ls-tree", "-r", "--name-only", MEMORY).split("\n");
  expect(tree).toHaveLength(2);
  expect(tree[0]).toMatch(/^[0-9a-f]{40}\/postimage$/);

  repositories.release("v3", { a: lines({ 5: "theirs", 1: "first, changed", 20: "last, changed" }) });
  const result = await perform({ tag: "v3", number: 2, policy: { verify: ["grep -q 'theirs and ours' a"] } });
  expect(result).toMatchObject({ outcome: "changed", report: { verify: [{ exitCode: 0 }] } });
  expect(result.report?.patches.map(({ outcome }) => outcome)).toEqual(["adapted", "carried"]);
  expect(result.report?.patches[0]?.note).toContain("resolved in a as a person resolved the same conflict before");
  expect(result.report?.warnings).toEqual([
    "'Ours: line five' was resolved in a as a person resolved the same conflict before",
  ]);
  const candidate = result.candidates[0];
  expect(repositories.show(`${candidate?.oid}:a`)).toBe(
    lines({ 1: "first, changed", 5: "theirs and ours", 20: "last, changed" }).trim(),
  );
});

test("a conflict that differs is left to a person; a second resolution is added to the first", async () => {
  await resolveV2();
  const first = repositories.inFork(MEMORY);
  repositories.release("v3", { a: lines({ 5: "theirs, other" }) });
  const left = await perform({ tag: "v3", number: 2 });
  expect(left).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
  repositories.pushToFork("resolved3", "v3", [
    { subject: "Ours: line five", files: { a: lines({ 5: "all three" }) } },
    { subject: "Ours: a new file", files: { b: "new\n" } },
  ]);
  const resume = { note: "again", resolvedRef: "resolved3" };
  expect(await perform({ tag: "v3", number: 2, resume })).toMatchObject({ outcome: "changed" });
  expect(repositories.git(repositories.fork, "ls-tree", "--name-only", MEMORY).split("\n")).toHaveLength(2);
  expect(repositories.git(repositories.fork, "rev-parse", `${MEMORY}^`)).toBe(first);
});

test("the policy turns it off, both ways", async () => {
  await resolveV2({ rememberResolutions: false });
  expect(repositories.inFork(MEMORY)).toBeUndefined();
  await perform({ resume: { note: "both", resolvedRef: "resolved" } });
  expect(repositories.inFork(MEMORY)).toBeDefined();
  repositories.release("v3", { a: lines({ 5: "theirs", 1: "first, changed" }) });
  const off = await perform({ tag: "v3", number: 2, policy: { rememberResolutions: false } });
  expect(off).toMatchObject({ outcome: "needs_intervention" });
});

test("a fork that does not take the memory costs a warning and nothing else", async () => {
  const hook =
    '#!/bin/sh\nwhile read old new ref; do case "$ref" in refs/patch-moi/*) echo no such ref here >&2; exit 1;; esac; done\n';
  writeFileSync(join(repositories.fork, "hooks", "pre-receive"), hook, { mode: 0o755 });
  const result = await resolveV2();
  expect(result).toMatchObject({ outcome: "changed", candidates: [{ ref: "refs/heads/patch-moi/web/v2" }] });
  expect(result.report?.warnings[0]).toMatch(/could not be stored.*no such ref here/);
});

test("a memory that holds something else does no harm", async () => {
  repositories.release("v2", { a: lines({ 5: "theirs" }) });
  repositories.pushToFork("other", "v1", [{ subject: "x", files: { "postimage/preimage": "x" } }]);
  repositories.git(repositories.fork, "update-ref", MEMORY, "refs/heads/other");
  expect(await perform({})).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
});
