import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { performJob } from "../job/perform-job.ts";
import { type GitDaemon, gitDaemon } from "../job/testing/git-daemon.ts";
import { lines, Repositories } from "../job/testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "../job/testing/scratch.ts";
import { type Ended, patchMoi, type TestApi, testApi } from "./testing/command-line.ts";
import { attempt, stack } from "./testing/records.ts";

let folder: Scratch;
let repositories: Repositories;
let daemon: GitDaemon;
let dir: string;

beforeEach(async () => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  repositories.pushToFork("patches", "v1", [
    { subject: "Ours: line five", files: { a: lines({ 5: "ours" }) } },
    { subject: "Ours: a new file", files: { b: "new\n" } },
    { subject: "Ours: line fifteen", files: { a: lines({ 5: "ours", 15: "ours too" }) } },
  ]);
  repositories.release("v2", { a: lines({ 5: "theirs", 15: "theirs too" }) });
  daemon = await gitDaemon(folder.path);
  dir = join(folder.path, "resolution");
});
afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function perform(parts: EnvelopeParts = {}): Promise<AttemptResult> {
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: (text: string) => text,
    push: true,
  };
  const { upstream, fork } = repositories;
  const envelope = testEnvelope({ upstream, fork, number: 12, ...parts });
  return AttemptResult.parse(await performJob(envelope, tools, { PATH: process.env.PATH }));
}

/** A server that holds the attempt as the runner reported it. */
async function serve(): Promise<TestApi> {
  const { report, reason } = await perform();
  const detail: AttemptDetail = { attempt: { ...attempt, reason }, timeline: [], report: report ?? null };
  const urls = {
    upstream: { url: daemon.urlOf(repositories.upstream) },
    fork: { url: daemon.urlOf(repositories.fork) },
  };
  return testApi({
    "GET /maintenance-attempts/web.12": detail,
    "GET /stacks/web": { stack: { ...stack, ...urls } },
    "POST /maintenance-attempts/web.12/resume": { attempt: { ...attempt, status: "queued", reason: undefined } },
  });
}

const git = (...args: string[]) => repositories.git(dir, ...args);

function local(api: TestApi, ...args: string[]): Promise<Ended> {
  return patchMoi(["resume", "web.12", "--local", "--dir", dir, ...args], { ...api.env, HOME: folder.path });
}

function resolve(file: string, content: string): void {
  writeFileSync(join(dir, file), content);
  execFileSync("git", ["add", file], { cwd: dir });
}

describe("resume --local", () => {
  test("goes from conflict to conflict, pushes the branch and resumes; the runner takes it", async () => {
    await using api = await serve();
    const begun = await local(api);
    expect(begun).toMatchObject({ code: 0, stderr: "" });
    expect(begun.stdout).toContain("web.12: 'Ours: line five' conflicts (1 of 3)");
    expect(begun.stdout).toContain("upstream's v2");
    expect(begun.stdout).toContain("patch.moi resume web.12 --local --continue");
    expect(git("status", "--short")).toBe("UU a");

    const early = await local(api, "--continue");
    expect(early).toMatchObject({
      code: 1,
      stderr: "conflict: 'Ours: line five' is not resolved yet; nothing was pushed\n",
    });
    resolve("a", "<<<<<<< ours\nleft\n=======\nin\n>>>>>>> theirs\n");
    const marked = await local(api, "--continue");
    expect(marked.stdout).toContain("added with conflict markers in it");

    resolve("a", lines({ 5: "both", 15: "theirs too" }));
    const second = await local(api, "--continue", "--json");
    expect(JSON.parse(second.stdout)).toMatchObject({
      stage: "conflict",
      subject: "Ours: line fifteen",
      number: 3,
      of: 3,
      unmerged: ["a"],
    });
    expect(api.calls.filter(({ method }) => method === "POST")).toEqual([]);
    // With git itself, this time.
    resolve("a", lines({ 5: "both", 15: "both too" }));
    execFileSync("git", ["-c", "core.editor=true", "rebase", "--continue"], { cwd: dir, stdio: "ignore" });
    const done = await local(api, "--continue", "--note", "kept both");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    const resolvedRef = "patch-moi-resolved/web.12";
    expect(api.calls.at(-1)?.body).toEqual({ note: "kept both", resolvedRef });
    expect(repositories.inFork(`refs/heads/${resolvedRef}`)).toBe(git("rev-parse", "HEAD"));

    const result = await perform({ resume: { note: "kept both", resolvedRef } });
    expect(result).toMatchObject({ outcome: "changed", report: { counts: { conflicted: 0 } } });
    expect(await local(api, "--abort")).toMatchObject({ code: 0 });
    expect(existsSync(dir)).toBe(false);

    // What was resolved is remembered: a second time there is nothing left to do by hand.
    const again = await local(api);
    expect(again.stdout).toContain("web.12: nothing conflicts here");
    expect(readFileSync(join(dir, "a"), "utf8")).toBe(lines({ 5: "both", 15: "both too" }));
  });

  test("a skipped patch must be named; a merge in the stack is carried as one commit", async () => {
    const from = repositories.inFork("refs/heads/patches") ?? "";
    repositories.work("checkout", "-q", "--detach", from);
    repositories.work("checkout", "-q", "-b", "side", "v1");
    repositories.commit("Side work", { c: "side\n" });
    repositories.work("checkout", "-q", "--detach", from);
    repositories.work("merge", "-q", "--no-ff", "-m", "Merge side work", "side");
    repositories.work("push", "-q", repositories.fork, "HEAD:refs/heads/patches");
    repositories.work("checkout", "-q", "main");
    await using api = await serve();
    await local(api);
    const skip = () => execFileSync("git", ["rebase", "--skip"], { cwd: dir, stdio: "pipe" });
    expect(skip).toThrow(/could not apply/);
    skip();
    const refused = await local(api, "--continue");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^patches_unaccounted: .*Ours: line five.*--note/);
    const note = "dropped 'Ours: line five' and 'Ours: line fifteen'";
    const done = await local(api, "--continue", "--note", note);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(git("log", "--format=%s", "v2..HEAD").split("\n")).toEqual(["Merge side work", "Ours: a new file"]);
    expect(git("show", "HEAD:c")).toBe("side");
    const resume = { note, resolvedRef: "patch-moi-resolved/web.12" };
    expect(await perform({ resume })).toMatchObject({ outcome: "changed" });
  });

  test("says what stands in the way", async () => {
    await using api = await serve();
    expect((await local(api, "--continue")).stderr).toMatch(/^not_started: .*--local/);
    const both = await local(api, "--continue", "--abort");
    expect(both).toMatchObject({ code: 2 });
    expect((await patchMoi(["resume", "web.12", "--abort"], api.env)).stderr).toMatch(/^usage: .*go with --local/);
    expect((await patchMoi(["resume", "web.12"], api.env)).stderr).toMatch(/^usage: say what was done with --note/);
    await local(api);
    expect((await local(api)).stderr).toMatch(/^already_started: /);
    await local(api, "--abort");
    repositories.pushToFork("patches", repositories.inFork("refs/heads/patches") ?? "", [
      { subject: "one more", files: { d: "d\n" } },
    ]);
    expect((await local(api)).stderr).toMatch(/^branch_moved: 'patches' moved/);
    expect(existsSync(dir)).toBe(false);
  });
});
