/**
 * The runner's mirror of an upstream that serves partial clones, and of others, over HTTP.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { performForecast } from "../../runner/job/perform-forecast.ts";
import { performJob } from "../../runner/job/perform-job.ts";
import { makeRedactor } from "../../runner/job/redact.ts";
import { lines, Repositories } from "../../runner/job/testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "../../runner/job/testing/scratch.ts";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { type GitServer, startGitServer } from "./server.ts";

const FILES = 12;
const TOKEN = "canary-token-0123456789";

let sources: string;
let original: Repositories;
let folder: Scratch;
let repositories: Repositories;
let server: GitServer;
/** Requests for objects of upstream. */
let asked: number;
let authorized: string[];
let logged: string[];

beforeAll(() => {
  sources = mkdtempSync(join(tmpdir(), "patch-moi-partial-"));
  original = new Repositories(sources);
  longHistory(original);
});
afterAll(() => rmSync(sources, { recursive: true, force: true }));

beforeEach(async () => {
  folder = scratch();
  const root = join(folder.path, "served");
  mkdirSync(join(root, "acme"), { recursive: true });
  repositories = new Repositories(join(root, "acme"), original);
  git(repositories.fork, "config", "http.receivepack", "true");
  asked = 0;
  authorized = [];
  logged = [];
  server = await startGitServer({ root, access: (token) => (token === TOKEN ? "write" : "none"), onRequest });
});
afterEach(async () => {
  await server.close();
  folder[Symbol.dispose]();
});

function onRequest({ method, url = "", headers }: IncomingMessage): void {
  if (method === "POST" && url.startsWith("/acme/upstream.git/git-upload-pack")) asked += 1;
  if (headers.authorization !== undefined) authorized.push(`${headers.host?.split(":")[0]}${url.split("?")[0]}`);
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Upstream and fork are two hosts, as far as credentials go. */
function urls() {
  const { port } = server;
  return { upstream: `http://127.0.0.1:${port}/acme/upstream.git`, fork: `http://localhost:${port}/acme/fork.git` };
}

function toolsIn(home: Scratch["home"]) {
  return {
    home,
    signal: new AbortController().signal,
    progress: () => {},
    log: (line: string) => void logged.push(line),
    redact: makeRedactor([]),
    push: true,
  };
}

async function perform(parts: EnvelopeParts, env: Record<string, string> = {}, home = folder.home) {
  const runner = { PATH: process.env.PATH, PATCH_MOI_GIT_TOKEN: TOKEN, PATCH_MOI_PARTIAL_CLONE: "always", ...env };
  return AttemptResult.parse(await performJob(testEnvelope({ ...urls(), ...parts }), toolsIn(home), runner));
}

function mirror(home = folder.home): string {
  const [name = ""] = readdirSync(home.mirrors).filter((entry) => entry.endsWith(".git"));
  return join(home.mirrors, name);
}

/** Contents that the mirror does not have. */
function missing(): number {
  const listed = git(mirror(), "rev-list", "--objects", "--missing=print", "--all");
  return listed.split("\n").filter((line) => line.startsWith("?")).length;
}

function allow(repository: string, name = "uploadpack.allowFilter", value = "true"): void {
  git(repository, "config", name, value);
}

/** Of each file its own. */
function text(file: number, changed: Record<number, string> = {}): string {
  return `file ${file}\n${lines(changed)}`;
}

/**
 * Many versions of many files upstream; in the fork a patch for each file that stands near upstream's
 * changes (`patches`), and others that upstream's changes meet (`conflicting`).
 */
function longHistory(made: Repositories): void {
  const all = (changed: Record<number, string>) =>
    Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`lib/f${i}`, text(i, changed)]));
  made.release("v1.1", { ...all({}), ".gitattributes": "*.log merge=union\n" });
  for (let i = 0; i < 4; i += 1) made.release(`v1.1.${i}`, all({ 17: `old ${i}` }));
  made.pushToFork("patches", "v1.1.3", [
    ...Array.from({ length: FILES }, (_, i) => ({
      subject: `ours in f${i}`,
      files: { [`lib/f${i}`]: text(i, { 5: "ours", 17: "old 3" }) },
    })),
    { subject: "ours, beside", files: { "lib/new": "new\n" } },
  ]);
  made.pushToFork("conflicting", "v1.1.3", [
    { subject: "taken by upstream", files: { "lib/f2": text(2, { 12: "taken", 17: "old 3" }) } },
    { subject: "where upstream was", files: { "lib/f1": text(1, { 7: "ours", 17: "old 3" }) } },
    { subject: "after that", files: { "lib/f1": text(1, { 6: "more", 7: "ours", 17: "old 3" }) } },
  ]);
  made.pushToFork("older", "v1.1.1", [
    { subject: "an old one", files: { "lib/f4": text(4, { 5: "ours", 17: "old 1" }) } },
  ]);
  made.release("v1.2", { "lib/f2": text(2, { 12: "taken", 17: "old 3" }) });
  made.release("v2", all({ 7: "theirs", 12: "taken on", 17: "old 3" }));
}

test.each([["a fork that serves partial clones"], ["a fork that does not"]])(
  "begins without contents, fetches what is needed in a few requests, verifies and pushes: %s",
  async (of) => {
    allow(repositories.upstream);
    if (of === "a fork that serves partial clones") allow(repositories.fork);
    const verify = [
      "grep -q ours lib/f3 && grep -q theirs lib/f11 && test -f a",
      // The commands run what upstream wrote: there is nowhere to fetch from.
      'test -z "$(git remote)" && ! git config --get-regexp "^(remote|extensions)"',
    ];
    const result = await perform({ policy: { verify } });
    expect(result).toMatchObject({ outcome: "changed", report: { counts: { adapted: FILES, conflicted: 0 } } });
    const oid = repositories.inFork("refs/heads/patch-moi/web/v2") ?? "";
    expect(oid).toBe(result.candidates[0]?.oid);
    expect(git(repositories.fork, "fsck", "--connectivity-only")).not.toMatch(/missing|broken/);
    // Old versions of the files, which nobody asked for.
    expect(missing()).toBeGreaterThanOrEqual(FILES * 3);
    // Refs, history, the fork's bases, what is replayed, what is pushed: and not one for each file.
    expect(asked).toBeLessThan(FILES);
    expect(git(mirror(), "fsck", "--connectivity-only")).not.toMatch(/missing|broken/);
    expect(readFileSync(join(mirror(), "config"), "utf8")).not.toContain("127.0.0.1");
    // Upstream never asks for the fork's credential, and is never given it.
    expect(new Set(authorized)).toEqual(
      new Set(["localhost/acme/fork.git/info/refs", "localhost/acme/fork.git/git-receive-pack"]),
    );

    // The next release comes with its contents; a patch on a file that moved needs git's own look.
    git(repositories.fork, "update-ref", "refs/heads/patches", oid);
    repositories.release("v3", {
      "lib/f0": undefined,
      "src/f0": text(0, { 7: "theirs", 12: "taken on", 19: "moved" }),
    });
    asked = 0;
    const next = await perform({ tag: "v3", number: 2 });
    expect(next).toMatchObject({ outcome: "changed", report: { counts: { conflicted: 0 } } });
    expect(repositories.show("refs/heads/patch-moi/web/v3:src/f0")).toContain("ours");
    expect(asked).toBeLessThan(FILES);
  },
);

test("a stack's report is the same from a partial mirror as from a whole one", async () => {
  allow(repositories.upstream);
  using other = scratch();
  const job = { branch: "conflicting" };
  const partial = await perform(job);
  const whole = await perform(job, { PATCH_MOI_PARTIAL_CLONE: "off" }, other.home);
  expect(partial.report?.patches).toMatchObject([
    { outcome: "upstreamed" },
    { outcome: "conflicted", conflicts: [{ path: "lib/f1", kind: "contents" }] },
    { outcome: "conflicted", conflicts: [{ followsFrom: whole.report?.patches[1]?.oid }] },
  ]);
  expect({ ...partial, report: { ...partial.report, timings: 0 } }).toEqual({
    ...whole,
    report: { ...whole.report, timings: 0 },
  });
  expect(missing()).toBeGreaterThan(0);
  expect(git(mirror(other.home), "rev-list", "--objects", "--missing=print", "--all")).not.toMatch(/^\?/m);

  const { stack } = testEnvelope({ ...urls(), ...job });
  const say = () => {};
  const look = await performForecast({ stack } as Parameters<typeof performForecast>[0], {
    ...toolsIn(folder.home),
    say,
  });
  expect(look).toMatchObject({ ok: true, value: { counts: { upstreamed: 1, conflicted: 2 } } });
});

test.each([
  ["knows no filters", {}],
  ["does not allow this one", { "uploadpack.allowFilter": "true", "uploadpackfilter.blob:none.allow": "false" }],
])("of a server that %s everything is fetched", async (_, settings) => {
  for (const [name, value] of Object.entries(settings)) allow(repositories.upstream, name, value);
  expect(await perform({})).toMatchObject({ outcome: "changed", report: { counts: { adapted: FILES } } });
  expect(missing()).toBe(0);
  expect(readdirSync(join(mirror(), "objects", "pack")).filter((name) => name.endsWith(".promisor"))).toEqual([]);
  expect(readFileSync(join(mirror(), "config"), "utf8")).not.toContain("promisor");
});

test("of a small history everything is fetched", async () => {
  allow(repositories.upstream);
  expect(await perform({}, { PATCH_MOI_PARTIAL_CLONE: "auto" })).toMatchObject({ outcome: "changed" });
  expect(missing()).toBe(0);
  expect(readFileSync(join(mirror(), "config"), "utf8")).not.toContain("promisor");
});

test("contents that upstream promised and has no more: the mirror is made anew, whole", async () => {
  allow(repositories.upstream);
  await perform({ branch: "conflicting" });
  expect(missing()).toBeGreaterThan(0);
  // Upstream rewrites its history and forgets what was before; the fork has a branch that stands there.
  const squashed = repositories.work("commit-tree", "-m", "anew", "-p", "v1", "v2^{tree}");
  repositories.work("checkout", "-q", "--detach", squashed);
  rmSync(repositories.upstream, { recursive: true });
  git(folder.path, "init", "-q", "--bare", "-b", "main", repositories.upstream);
  allow(repositories.upstream);
  repositories.work("push", "-q", repositories.upstream, "HEAD:refs/heads/main", "HEAD:refs/tags/v3", "v1");
  const result = await perform({ tag: "v3", number: 2, branch: "older" });
  expect(logged.join("\n")).toContain("the mirror is damaged (missing_object); making it anew");
  expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
  // v1.1 to v1.1.1 are not upstream's any more, and their contents came from the fork.
  expect(result.report?.patches).toHaveLength(4);
  expect(missing()).toBe(0);
});
