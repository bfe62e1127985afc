/**
 * The harness's flow package against the built-in replay: the same upstream and fork, each its own copy,
 * the same releases, and what became of them compared.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { performJob } from "../../runner/job/perform-job.ts";
import { makeRedactor } from "../../runner/job/redact.ts";
import { lines, Repositories } from "../../runner/job/testing/repositories.ts";
import { type Scratch, scratch, testEnvelope } from "../../runner/job/testing/scratch.ts";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { StackPolicy } from "../../worker/contract/stack.ts";

let folder: Scratch;
let upstream: Repositories;

beforeEach(() => {
  folder = scratch();
  upstream = Repositories.in(folder.path);
});
afterEach(() => folder[Symbol.dispose]());

/** A world of its own: copies of both repositories, and a workspace with the package and a checkout. */
function world(name: string): { repositories: Repositories; workspace: string; checkout: string } {
  const under = join(folder.path, name);
  mkdirSync(under);
  const repositories = upstream.copyTo(under);
  const workspace = join(under, "workspace");
  const checkout = join(workspace, "fork");
  cpSync(import.meta.dirname, join(workspace, "flows", "patch-moi-harness"), { recursive: true });
  repositories.git(under, "clone", "-q", "-b", "patches", repositories.fork, checkout);
  return { repositories, workspace, checkout };
}

async function carry(
  { repositories, workspace }: ReturnType<typeof world>,
  work: "replay" | "flow",
  tag: string,
  policy: object = {},
): Promise<AttemptResult> {
  const envelope = testEnvelope({ upstream: repositories.upstream, fork: repositories.fork, tag });
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: makeRedactor([]),
    push: true,
  };
  const stack = { ...envelope.stack, policy: StackPolicy.parse({ work, ...policy }) };
  return performJob({ ...envelope, stack }, tools, { PATH: process.env.PATH, PATCH_MOI_FLOWS: workspace });
}

/** What of a result must be the same, whoever came by it. */
function comparable({ outcome, reason, candidates, report }: AttemptResult) {
  const { timings: _, verify, baseline: __, ...rest } = report ?? {};
  return {
    outcome,
    code: reason?.code,
    message: reason?.message.replace(/^patch-moi-harness\/carry: /, "").replace(/\(\/[^)]*\)/, "(…)"),
    candidates,
    report: { ...rest, verify: verify?.map(({ command, exitCode }) => ({ command, exitCode })) },
  };
}

async function both(tag: string, policy: object = {}) {
  const [one, other] = [world("built-in"), world("package")];
  const builtIn = await carry(one, "replay", tag, policy);
  const byPackage = await carry(other, "flow", tag, policy);
  expect(comparable(byPackage)).toEqual(comparable(builtIn));
  return { builtIn, byPackage, one: one.repositories, other: other.repositories, checkout: other.checkout };
}

test("a release that carries: the same commits, in both forks", async () => {
  upstream.release("v2", { a: lines({ 18: "theirs" }) }, true);
  const { builtIn, one, other, checkout } = await both("v2", { verify: ["test -f b"] });
  expect(builtIn.outcome).toBe("changed");
  const ref = "refs/heads/patch-moi/web/v2";
  expect(other.inFork(ref)).toBe(builtIn.candidates[0]?.oid);
  expect(other.inFork(ref)).toBe(one.inFork(ref));
  expect(other.git(checkout, "remote", "get-url", "upstream")).toBe(other.upstream);
  expect(other.git(checkout, "status", "--porcelain")).toBe("");
});

test("a patch that upstream took, a conflict, a failing verification, nothing to do, a tag that is gone", async () => {
  upstream.release("v2", { a: lines({ 5: "ours" }) });
  const taken = await both("v2");
  expect(taken.builtIn.report?.counts).toMatchObject({ upstreamed: 1, carried: 1 });
  for (const [name, policy, outcome] of [
    ["v3", {}, "needs_intervention"],
    ["v1", {}, "completed"],
    ["v9", {}, "blocked"],
    ["v4", { verify: ["test ! -f b"] }, "needs_intervention"],
  ] as const) {
    folder[Symbol.dispose]();
    folder = scratch();
    upstream = Repositories.in(folder.path);
    if (name === "v3") upstream.release("v3", { a: lines({ 5: "theirs" }) });
    if (name === "v4") upstream.release("v4", { a: lines({ 18: "theirs" }) });
    const { byPackage } = await both(name, policy);
    expect(byPackage.outcome).toBe(outcome);
    if (name === "v3")
      expect(byPackage.steps?.[0]?.artifacts).toMatchObject({
        code: "conflict",
        conflicts: [{ subject: "Ours: line five", path: "a", kind: "contents" }],
      });
  }
});

test("a candidate for each remote to push to", async () => {
  upstream.release("v2", { a: lines({ 18: "theirs" }) });
  const here = world("package");
  const second = join(folder.path, "second.git");
  cpSync(here.repositories.fork, second, { recursive: true });
  here.repositories.git(here.checkout, "remote", "add", "second", second);
  const manifest = join(here.workspace, "flows/patch-moi-harness/flow.toml");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace('["origin"]', '["origin", "second"]'));
  const result = await carry(here, "flow", "v2");
  expect(result.steps?.[0]?.artifacts?.candidateRefs).toMatchObject([
    { remote: "origin", pushed: true },
    { remote: "second", pushed: true },
  ]);
  // One commit of one name is one candidate, wherever it stands.
  expect(result.candidates).toHaveLength(1);
  expect(here.repositories.git(second, "rev-parse", "refs/heads/patch-moi/web/v2")).toBe(result.candidates[0]?.oid);
});

test("a checkout in which somebody is at work is left alone", async () => {
  upstream.release("v2", { a: lines({ 5: "theirs" }) });
  const here = world("package");
  const { repositories, checkout } = here;
  writeFileSync(join(checkout, "scribble"), "");
  expect(await carry(here, "flow", "v2")).toMatchObject({ outcome: "blocked", reason: { code: "checkout_dirty" } });
  repositories.git(checkout, "clean", "-qf");
  repositories.git(checkout, "fetch", "-q", repositories.upstream, "v2");
  expect(() => repositories.git(checkout, "rebase", "-q", "FETCH_HEAD")).toThrow();
  expect(await carry(here, "flow", "v2")).toMatchObject({ outcome: "blocked", reason: { code: "rebase_in_progress" } });
  expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
});
