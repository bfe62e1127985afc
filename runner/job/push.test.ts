import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { type Mirror, openMirror } from "./mirror.ts";
import { fetchMirror } from "./mirror-fetch.ts";
import { pushRefs } from "./push.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type Scratch, scratch } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
let mirror: Mirror;
let next: string;
let head: string;

beforeEach(async () => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  next = repositories.release("v2", { a: lines({ 18: "theirs" }) });
  head = repositories.inFork("refs/heads/patches") ?? "";
  const opened = await openMirror({
    home: folder.home,
    forkUrl: repositories.fork,
    upstreamUrl: repositories.upstream,
    clock: systemClock,
    env: {},
    signal: new AbortController().signal,
  });
  if (opened === undefined) throw new Error("no lock");
  mirror = opened;
  await fetchMirror(mirror);
});
afterEach(() => {
  mirror.release();
  folder[Symbol.dispose]();
});

test("all refs of a push change, or none", async () => {
  const made = { ref: "refs/heads/made", oid: next, expected: undefined };
  const stale = { ref: "refs/heads/patches", oid: next, expected: next };
  expect(await pushRefs(mirror, [made, stale])).toEqual({ ok: true, value: false });
  expect(repositories.inFork("refs/heads/made")).toBeUndefined();
  expect(repositories.inFork("refs/heads/patches")).toBe(head);
  expect(await pushRefs(mirror, [made, { ...stale, expected: head }])).toEqual({ ok: true, value: true });
  expect(repositories.inFork("refs/heads/made")).toBe(next);
  expect(repositories.inFork("refs/heads/patches")).toBe(next);
});

test("a ref that must not exist is never overwritten, not even by what follows it", async () => {
  const taken = repositories.inFork("refs/heads/main") ?? "";
  const update = { ref: "refs/heads/main", oid: next, expected: undefined };
  expect(await pushRefs(mirror, [update])).toEqual({ ok: true, value: false });
  expect(repositories.inFork("refs/heads/main")).toBe(taken);
});

test("a branch that goes along unchanged refuses the whole push once it has moved", async () => {
  const made = { ref: "refs/heads/made", oid: next, expected: undefined };
  const along = { ref: "refs/heads/patches", oid: head, expected: head };
  repositories.pushToFork("patches", head, [{ subject: "meanwhile", files: { c: "c\n" } }]);
  expect(await pushRefs(mirror, [made, along])).toEqual({ ok: true, value: false });
  expect(repositories.inFork("refs/heads/made")).toBeUndefined();
});

test("refs of fork and upstream do not mix in the mirror", async () => {
  repositories.git(repositories.fork, "tag", "v2", "refs/heads/patches");
  await fetchMirror(mirror);
  const refs = repositories.git(mirror.gitDir, "for-each-ref", "--format=%(refname) %(objectname)").split("\n");
  expect(refs).toContain(`refs/upstream/tags/v2 ${next}`);
  expect(refs).toContain(`refs/fork/heads/patches ${head}`);
  expect(refs.filter((ref) => !/^refs\/(?:upstream\/(?:heads|tags)|fork\/heads)\//.test(ref))).toEqual([]);
});

test("what a hook of the fork refuses is told with the server's words", async () => {
  const hook = `${repositories.fork}/hooks/pre-receive`;
  writeFileSync(hook, "#!/bin/sh\necho this branch is protected >&2\nexit 1\n", { mode: 0o755 });
  const pushed = await pushRefs(mirror, [{ ref: "refs/heads/made", oid: next, expected: undefined }]);
  expect(pushed).toMatchObject({ ok: false, stop: { outcome: "failed", code: "push_rejected" } });
  expect(JSON.stringify(pushed)).toContain("protected");
});
