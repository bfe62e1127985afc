import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

const REF = "refs/heads/patch-moi/web/channel/public";

let folder: Scratch;
let repositories: Repositories;
let oid: string;

beforeEach(async () => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  repositories.release("v2", { a: lines({ 18: "theirs" }) });
  oid = (await perform({})).candidates[0]?.oid ?? "";
});
afterEach(() => folder[Symbol.dispose]());

async function perform(parts: EnvelopeParts) {
  const { upstream, fork } = repositories;
  const signal = new AbortController().signal;
  const nothing = () => {};
  const tools = { home: folder.home, signal, progress: nothing, log: nothing, redact: (s: string) => s, push: true };
  return performJob(testEnvelope({ upstream, fork, ...parts }), tools, { PATH: process.env.PATH });
}

const promote = (expectedOids: string[], to = oid) =>
  perform({
    operation: "promote",
    promote: { channel: "public", ref: REF, oid: to, expectedOids, candidateRef: "refs/heads/patch-moi/web/v2" },
  });

test("a channel's branch is made, moved from where it is known to be, and again is success", async () => {
  const first = await promote([]);
  expect(first).toMatchObject({ outcome: "changed", candidates: [{ kind: "branch", ref: REF, oid }] });
  expect(repositories.inFork(REF)).toBe(oid);
  expect(await promote([])).toEqual(first);
  const next = repositories.pushToFork("next", "v2", [{ subject: "one more", files: { c: "c\n" } }]);
  expect(await promote([oid], next)).toMatchObject({ outcome: "changed" });
  expect(repositories.inFork(REF)).toBe(next);
  // And back: the record knows of both.
  expect(await promote([oid, next])).toMatchObject({ outcome: "changed" });
  expect(repositories.inFork(REF)).toBe(oid);
});

test("a channel that somebody else moved stays, and says how to go on", async () => {
  const other = repositories.inFork("refs/heads/main") ?? "";
  repositories.git(repositories.fork, "update-ref", REF, other);
  const refused = await promote([oid]);
  expect(refused).toMatchObject({ outcome: "failed", reason: { code: "channel_moved" } });
  expect(refused.reason?.message).toContain(other);
  expect(repositories.inFork(REF)).toBe(other);
  repositories.git(repositories.fork, "update-ref", "-d", REF);
  expect(await promote([oid])).toMatchObject({ outcome: "changed" });
});

test("another of our own pushes that comes in between is gone on from; a stranger's is not", async () => {
  await promote([]);
  const next = repositories.pushToFork("next", "v2", [{ subject: "one more", files: { c: "c\n" } }]);
  const woken = repositories.pushToFork("woken", "v2", [{ subject: "another", files: { d: "d\n" } }]);
  // Moves the branch once, between the push's look at it and its turn, as a runner that was given up would.
  const meanwhile = join(repositories.fork, "hooks", "pre-receive");
  const moves = (to: string) =>
    writeFileSync(meanwhile, `#!/bin/sh\nrm "$0"\nenv -u GIT_QUARANTINE_PATH git update-ref ${REF} ${to}\n`, {
      mode: 0o755,
    });
  moves(woken);
  expect(await promote([oid, woken], next)).toMatchObject({ outcome: "changed" });
  expect(repositories.inFork(REF)).toBe(next);
  moves(woken);
  expect(await promote([next], oid)).toMatchObject({ outcome: "failed", reason: { code: "channel_moved" } });
  expect(repositories.inFork(REF)).toBe(woken);
});

test("a candidate that the fork does not have any more moves nothing", async () => {
  const gone = "d".repeat(40);
  expect(await promote([], gone)).toMatchObject({ outcome: "failed", reason: { code: "candidate_missing" } });
  expect(repositories.inFork(REF)).toBeUndefined();
});
