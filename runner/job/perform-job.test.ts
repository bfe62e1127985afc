import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptResult, type JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { JobAborted } from "./abort.ts";
import { performJob } from "./perform-job.ts";
import { makeRedactor } from "./redact.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
let log: string[];

beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  log = [];
});
afterEach(() => folder[Symbol.dispose]());

async function perform(
  parts: EnvelopeParts = {},
  signal = new AbortController().signal,
  env = {},
): Promise<AttemptResult> {
  const { upstream, fork } = repositories;
  const envelope: JobEnvelope = testEnvelope({ upstream, fork, ...parts });
  const tools = {
    home: folder.home,
    signal,
    progress: () => {},
    log: (text: string) => void log.push(text),
    redact: makeRedactor(["very-secret-value"]),
    push: true,
  };
  const result = await performJob(envelope, tools, { PATH: process.env.PATH, ...env });
  expect(readdirSync(folder.home.work)).toEqual([]);
  return AttemptResult.parse(result);
}

describe("a release", () => {
  test("that the stack follows becomes a candidate with the tree that git rebase makes", async () => {
    const onto = repositories.release("v2", { a: lines({ 18: "theirs" }) }, true);
    const result = await perform({
      sha: onto,
      policy: { verify: ["grep -q ours a && grep -q theirs a && test -f b"] },
    });
    expect(result).toMatchObject({
      outcome: "changed",
      candidates: [{ kind: "branch", ref: "refs/heads/patch-moi/web/v2" }],
    });
    const oid = result.candidates[0]?.oid ?? "";
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBe(oid);
    expect(result.report?.counts).toMatchObject({ carried: 2, conflicted: 0 });
    expect(result.report?.onto).toMatchObject({ ref: "v2", oid: onto });
    expect(result.report?.onto.tagOid).not.toBe(onto);
    expect(result.report?.verify).toMatchObject([{ exitCode: 0 }]);
    expect(result.report?.timings.fetch).toBeGreaterThan(0);
    expect(result.report?.timings.push).toBeGreaterThan(0);
    const clone = join(folder.path, "clone");
    execFileSync("git", ["clone", "-q", "-b", "patches", repositories.fork, clone]);
    repositories.git(clone, "fetch", "-q", repositories.upstream, "tag", "v2");
    repositories.git(clone, "-c", "user.name=x", "-c", "user.email=x@example.org", "rebase", "-q", "v2");
    expect(result.report?.result?.tree).toBe(repositories.git(clone, "rev-parse", "HEAD^{tree}"));
  });

  test("done twice gives the same objects, and the candidate that is there already is success", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const first = await perform();
    rmSync(folder.home.mirrors, { recursive: true });
    folder.home.mirrors = join(folder.path, "other-mirrors");
    execFileSync("mkdir", [folder.home.mirrors]);
    const second = await perform({ number: 2, candidateRef: "patch-moi/web/v2" });
    expect(second.candidates).toEqual(first.candidates);
  });

  test("whose candidate's name is taken gets the attempt's number", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const taken = repositories.pushToFork("patch-moi/web/v2", "v1", [
      { subject: "something else", files: { c: "c\n" } },
    ]);
    const result = await perform({ number: 7 });
    expect(result.candidates).toMatchObject([{ ref: "refs/heads/patch-moi/web/v2-7" }]);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBe(taken);
  });

  test("that the branch stands on already is completed, and nothing is pushed", async () => {
    const result = await perform({ tag: "v1" });
    expect(result).toMatchObject({ outcome: "completed", candidates: [] });
    expect(repositories.inFork("refs/heads/patch-moi/web/v1")).toBeUndefined();
  });

  test("that conflicts names patches and paths, and pushes nothing", async () => {
    repositories.release("v2", { a: lines({ 5: "theirs" }) });
    const result = await perform();
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
    expect(result.reason?.message).toContain("'Ours: line five' in a");
    expect(result.report?.patches.map(({ outcome }) => outcome)).toEqual(["conflicted", "carried"]);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
  });

  test("whose tag moved since the event is held, with both commits named", async () => {
    const before = repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const after = repositories.release("v2", { a: lines({ 18: "theirs, moved" }) });
    const result = await perform({ sha: before });
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "tag_moved" } });
    expect(result.reason?.message).toContain(before);
    expect(result.reason?.message).toContain(after);
  });
});

describe("a push", () => {
  test("is carried onto the commit that it named, though the branch has moved on", async () => {
    const named = repositories.release("v2", { a: lines({ 18: "theirs" }) });
    repositories.release("v3", { a: lines({ 18: "theirs, later" }) });
    const result = await perform({ pushed: "main", sha: named });
    expect(result).toMatchObject({ outcome: "changed", report: { onto: { ref: "main", oid: named } } });
  });

  test("without a commit is carried onto the branch's head; one that upstream rewrote is said", async () => {
    const head = repositories.release("v2", { a: lines({ 18: "theirs" }) });
    expect((await perform({ pushed: "main" })).report?.onto.oid).toBe(head);
    const gone = await perform({ pushed: "main", sha: "e".repeat(40) });
    expect(gone).toMatchObject({ outcome: "failed", reason: { code: "ref_missing" } });
  });
});

describe("verification", () => {
  test("that fails names the command and the patch that breaks it", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const result = await perform({ policy: { verify: ["true", "echo said very-secret-value; test ! -f b"] } });
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "verify_failed" } });
    expect(result.reason?.message).toContain("test ! -f b");
    expect(result.reason?.message).toContain("Ours: a new file");
    expect(result.report?.firstFailingPatch).toBe(result.report?.patches[1]?.oid);
    expect(result.report?.verify.map(({ exitCode }) => exitCode)).toEqual([0, 1]);
    expect(result.report?.baseline?.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(result.report?.verify[1]?.outputTail).toBe("said [redacted]\n");
    expect(log.join("\n")).not.toContain("very-secret-value");
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
  });

  test("that fails on upstream alone too is upstream's fault", async () => {
    repositories.release("v2", { a: lines({ 18: "broken" }) });
    const result = await perform({ policy: { verify: ["! grep broken a"] } });
    expect(result.reason?.message).toContain("fails on upstream alone too");
    expect(result.report?.firstFailingPatch).toBeUndefined();
  });
});

describe("a resolution by a person", () => {
  test("is verified and becomes the candidate", async () => {
    repositories.release("v2", { a: lines({ 5: "theirs" }) });
    const resolved = repositories.pushToFork("resolved", "v2", [
      { subject: "Ours: line five", files: { a: lines({ 5: "theirs and ours" }) } },
      { subject: "Ours: a new file", files: { b: "new\n" } },
    ]);
    const result = await perform({
      resume: { note: "both", resolvedRef: "resolved" },
      policy: { verify: ["grep -q ours a"] },
    });
    expect(result).toMatchObject({
      outcome: "changed",
      candidates: [{ oid: resolved, ref: "refs/heads/patch-moi/web/v2" }],
    });
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBe(resolved);
  });

  test("that is not there, or lost a patch, waits for the person again", async () => {
    repositories.release("v2", { a: lines({ 5: "theirs" }) });
    const absent = await perform({ resume: { note: "both", resolvedRef: "nowhere" } });
    expect(absent).toMatchObject({ outcome: "needs_intervention", reason: { code: "resolved_ref_missing" } });
    repositories.pushToFork("resolved", "v2", [{ subject: "Ours: line five", files: { a: lines({ 5: "both" }) } }]);
    const lost = await perform({ resume: { note: "both", resolvedRef: "resolved" } });
    expect(lost).toMatchObject({ outcome: "needs_intervention", reason: { code: "patches_unaccounted" } });
  });
});

describe("landing", () => {
  test("moves the branch from where it was expected, and again is success", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const candidate = (await perform()).candidates[0];
    const from = repositories.inFork("refs/heads/patches") ?? "";
    const land = { branch: "patches", oid: candidate?.oid ?? "", expectedOid: from, ref: candidate?.ref ?? "" };
    const result = await perform({ operation: "land", number: 2, land });
    expect(result).toMatchObject({ outcome: "changed", landed: { branch: "patches", from, to: land.oid } });
    expect(repositories.inFork("refs/heads/patches")).toBe(land.oid);
    expect(result.candidates[1]).toEqual({ kind: "tag", ref: "refs/tags/patch-moi/web/before-2", oid: from });
    expect(repositories.inFork("refs/tags/patch-moi/web/before-2")).toBe(from);
    expect(await perform({ operation: "land", number: 2, land })).toEqual(result);
    expect(await perform()).toMatchObject({ outcome: "completed" });
  });

  test("is refused when the branch has moved", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const candidate = (await perform()).candidates[0];
    const from = repositories.inFork("refs/heads/patches") ?? "";
    const moved = repositories.pushToFork("patches", from, [{ subject: "one more", files: { c: "c\n" } }]);
    const land = { branch: "patches", oid: candidate?.oid ?? "", expectedOid: from, ref: candidate?.ref ?? "" };
    const result = await perform({ operation: "land", land });
    expect(result).toMatchObject({ outcome: "failed", reason: { code: "branch_moved" } });
    expect(result.reason?.message).toContain(moved);
    expect(repositories.inFork("refs/heads/patches")).toBe(moved);
    expect(repositories.inFork("refs/tags/patch-moi/web/before-1")).toBeUndefined();
  });

  test("keeps what an older record's tag keeps, and moves nothing without one of its own", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const candidate = (await perform()).candidates[0];
    const from = repositories.inFork("refs/heads/patches") ?? "";
    const other = repositories.inFork("refs/heads/main") ?? "";
    const tag = "refs/tags/patch-moi/web/before-2";
    repositories.git(repositories.fork, "update-ref", tag, other);
    repositories.git(repositories.fork, "update-ref", `${tag}-${from.slice(0, 12)}`, other);
    const land = { branch: "patches", oid: candidate?.oid ?? "", expectedOid: from, ref: candidate?.ref ?? "" };
    expect(await perform({ operation: "land", number: 2, land })).toMatchObject({
      outcome: "failed",
      reason: { code: "recovery_tag_taken" },
    });
    expect(repositories.inFork("refs/heads/patches")).toBe(from);
    repositories.git(repositories.fork, "update-ref", "-d", `${tag}-${from.slice(0, 12)}`);
    const landed = await perform({ operation: "land", number: 2, land });
    expect(landed.candidates[1]).toMatchObject({ ref: `${tag}-${from.slice(0, 12)}`, oid: from });
    expect(repositories.inFork(tag)).toBe(other);
  });
});

describe("what is not there", () => {
  test.each<[string, EnvelopeParts, string, string]>([
    ["the branch", { branch: "gone" }, "failed", "branch_missing"],
    ["the tag", { tag: "v9" }, "blocked", "ref_missing"],
    ["the fork", { fork: "/nowhere/fork.git" }, "blocked", "repository_missing"],
    ["upstream's server", { upstream: "http://127.0.0.1:9/upstream.git" }, "blocked", "remote_unreachable"],
    ["a sane tag", { tag: "--upload-pack=touch x" }, "failed", "bad_ref_name"],
    ["a sane transport", { upstream: "ext::sh -c touch% /tmp/x" }, "failed", "protocol_refused"],
  ])("%s", async (_, parts, outcome, code) => {
    expect(await perform(parts)).toMatchObject({ outcome, reason: { code } });
  });

  test("the branch as it was: it moved while the work went on", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const push = `git -C ${repositories.fork} update-ref refs/heads/patches refs/heads/main`;
    const result = await perform({ policy: { verify: [push] } });
    expect(result).toMatchObject({ outcome: "failed", infrastructure: true, reason: { code: "branch_moved" } });
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
  });
});

describe("a damaged mirror is made anew, and the attempt goes on", () => {
  const each = (folder: string, change: (path: string) => void) => {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const path = join(folder, name);
      if (statSync(path).isFile()) change(path);
    }
  };
  const garble = (path: string) => {
    const bytes = readFileSync(path);
    chmodSync(path, 0o644);
    writeFileSync(path, bytes.fill(0x55, Math.floor(bytes.length / 3), bytes.length - 1));
  };
  test.each<[string, (gitDir: string) => void]>([
    ["all objects gone", (gitDir) => each(join(gitDir, "objects"), rmSync)],
    ["its objects garbled", (gitDir) => each(join(gitDir, "objects"), garble)],
    [
      "every second object gone",
      (gitDir) => {
        let count = 0;
        each(join(gitDir, "objects"), (path) => {
          count += 1;
          if (count % 2 === 0) rmSync(path);
        });
      },
    ],
    ["its refs garbled", (gitDir) => each(join(gitDir, "refs"), (path) => writeFileSync(path, "nonsense\n"))],
    [
      "refs to objects that are not there",
      (gitDir) => each(join(gitDir, "refs"), (path) => writeFileSync(path, `${"d".repeat(40)}\n`)),
    ],
    ["its configuration garbled", (gitDir) => writeFileSync(join(gitDir, "config"), "[core\nnonsense")],
    ["no HEAD", (gitDir) => rmSync(join(gitDir, "HEAD"))],
    ["a HEAD that is none", (gitDir) => writeFileSync(join(gitDir, "HEAD"), "nonsense")],
  ])("%s", async (_, damage) => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    await perform({ tag: "v1" });
    const [mirror = ""] = readdirSync(folder.home.mirrors).filter((name) => name.endsWith(".git"));
    damage(join(folder.home.mirrors, mirror));
    expect(await perform()).toMatchObject({ outcome: "changed", report: { counts: { carried: 2 } } });
  });
});

test("an abort ends the command that runs and is passed on", async () => {
  repositories.release("v2", { a: lines({ 18: "theirs" }) });
  const abort = new AbortController();
  const marker = join(folder.path, "started");
  const running = perform({ policy: { verify: [`touch ${marker}; exec sleep 600`] } }, abort.signal);
  const watch = setInterval(() => {
    if (existsSync(marker)) abort.abort(new JobAborted("cancelled", "enough"));
  }, 20);
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  clearInterval(watch);
  expect(readdirSync(folder.home.work)).toEqual([]);
});

test("a hostile repository configuration of the checkout does not reach the mirror", async () => {
  repositories.release("v2", { a: lines({ 18: "theirs" }) });
  const marker = join(folder.path, "ran");
  writeFileSync(join(folder.path, "hook"), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
  const verify = [
    `git config core.hooksPath ${folder.path}; git config core.fsmonitor ${folder.path}/hook; cp ${folder.path}/hook .git/hooks/reference-transaction`,
  ];
  await perform({ policy: { verify } });
  await perform({ number: 2 });
  expect(existsSync(marker)).toBe(false);
});
