/**
 * The runner's mirror of an upstream that serves partial clones, and of others, over HTTP.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { performForecast } from "../../runner/job/perform-forecast.ts";
import { scratch, testEnvelope } from "../../runner/job/testing/scratch.ts";
import { allow, FILES, git, partialSettings, text } from "./testing/partial-setting.ts";

const setting = partialSettings();

test.each([["a fork that serves partial clones"], ["a fork that does not"]])(
  "begins without contents, fetches what is needed in a few requests, verifies and pushes: %s",
  async (of) => {
    allow(setting().repositories.upstream);
    if (of === "a fork that serves partial clones") allow(setting().repositories.fork);
    const verify = [
      "grep -q ours lib/f3 && grep -q theirs lib/f11 && test -f a",
      // The commands run what upstream wrote: there is nowhere to fetch from.
      'test -z "$(git remote)" && ! git config --get-regexp "^(remote|extensions)"',
    ];
    const result = await setting().perform({ policy: { verify } });
    expect(result).toMatchObject({ outcome: "changed", report: { counts: { adapted: FILES, conflicted: 0 } } });
    const oid = setting().repositories.inFork("refs/heads/patch-moi/web/v2") ?? "";
    expect(oid).toBe(result.candidates[0]?.oid);
    expect(git(setting().repositories.fork, "fsck", "--connectivity-only")).not.toMatch(/missing|broken/);
    // Old versions of the files, which nobody asked for.
    expect(setting().missing().length).toBeGreaterThanOrEqual(FILES * 3);
    // Refs, history, the fork's bases, what is replayed, what is pushed: and not one for each file.
    expect(setting().asked).toBeLessThan(FILES);
    expect(git(setting().mirror(), "fsck", "--connectivity-only")).not.toMatch(/missing|broken/);
    expect(readFileSync(join(setting().mirror(), "config"), "utf8")).not.toContain("127.0.0.1");
    // Upstream never asks for the fork's credential, and is never given it.
    expect(new Set(setting().authorized)).toEqual(
      new Set(["localhost/acme/fork.git/info/refs", "localhost/acme/fork.git/git-receive-pack"]),
    );

    // The next release comes with its contents; a patch on a file that moved needs git's own look.
    git(setting().repositories.fork, "update-ref", "refs/heads/patches", oid);
    setting().repositories.release("v3", {
      "lib/f0": undefined,
      "src/f0": text(0, { 7: "theirs", 12: "taken on", 19: "moved" }),
    });
    setting().asked = 0;
    const next = await setting().perform({ tag: "v3", number: 2 });
    expect(next).toMatchObject({ outcome: "changed", report: { counts: { conflicted: 0 } } });
    expect(setting().repositories.show("refs/heads/patch-moi/web/v3:src/f0")).toContain("ours");
    expect(setting().asked).toBeLessThan(FILES);
  },
);

test("a stack's report is the same from a partial mirror as from a whole one", async () => {
  allow(setting().repositories.upstream);
  using other = scratch();
  const job = { branch: "conflicting" };
  const partial = await setting().perform(job);
  const whole = await setting().perform(job, { PATCH_MOI_PARTIAL_CLONE: "off" }, other.home);
  expect(partial.report?.patches).toMatchObject([
    { outcome: "upstreamed" },
    { outcome: "conflicted", conflicts: [{ path: "lib/f1", kind: "contents" }] },
    { outcome: "conflicted", conflicts: [{ followsFrom: whole.report?.patches[1]?.oid }] },
  ]);
  expect({ ...partial, report: { ...partial.report, timings: 0 } }).toEqual({
    ...whole,
    report: { ...whole.report, timings: 0 },
  });
  expect(setting().missing().length).toBeGreaterThan(0);
  expect(git(setting().mirror(other.home), "rev-list", "--objects", "--missing=print", "--all")).not.toMatch(/^\?/m);

  const { stack } = testEnvelope({ ...setting().urls, ...job });
  const say = () => {};
  const look = await performForecast({ stack } as Parameters<typeof performForecast>[0], {
    ...setting().toolsIn(setting().folder.home),
    say,
  });
  expect(look).toMatchObject({ ok: true, value: { counts: { upstreamed: 1, conflicted: 2 } } });
});

test.each([
  ["knows no filters", {}],
  ["does not allow this one", { "uploadpack.allowFilter": "true", "uploadpackfilter.blob:none.allow": "false" }],
])("of a server that %s everything is fetched", async (_, settings) => {
  for (const [name, value] of Object.entries(settings)) allow(setting().repositories.upstream, name, value);
  expect(await setting().perform({})).toMatchObject({ outcome: "changed", report: { counts: { adapted: FILES } } });
  expect(setting().missing()).toEqual([]);
  expect(readdirSync(join(setting().mirror(), "objects", "pack")).filter((name) => name.endsWith(".promisor"))).toEqual(
    [],
  );
  expect(readFileSync(join(setting().mirror(), "config"), "utf8")).not.toContain("promisor");
});

test("of a small history everything is fetched", async () => {
  allow(setting().repositories.upstream);
  expect(await setting().perform({}, { PATCH_MOI_PARTIAL_CLONE: "auto" })).toMatchObject({ outcome: "changed" });
  expect(setting().missing()).toEqual([]);
  expect(readFileSync(join(setting().mirror(), "config"), "utf8")).not.toContain("promisor");
});

test("contents that upstream promised and has no more: the mirror is made anew, whole", async () => {
  allow(setting().repositories.upstream);
  await setting().perform({ branch: "conflicting" });
  expect(setting().missing().length).toBeGreaterThan(0);
  // Upstream rewrites its history and forgets what was before; the fork has a branch that stands there.
  const squashed = setting().repositories.work("commit-tree", "-m", "anew", "-p", "v1", "v2^{tree}");
  setting().repositories.work("checkout", "-q", "--detach", squashed);
  rmSync(setting().repositories.upstream, { recursive: true });
  git(setting().folder.path, "init", "-q", "--bare", "-b", "main", setting().repositories.upstream);
  allow(setting().repositories.upstream);
  setting().repositories.work(
    "push",
    "-q",
    setting().repositories.upstream,
    "HEAD:refs/heads/main",
    "HEAD:refs/tags/v3",
    "v1",
  );
  const result = await setting().perform({ tag: "v3", number: 2, branch: "older" });
  expect(setting().logged.join("\n")).toContain("the mirror is damaged (missing_object); making it anew");
  expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
  // v1.1 to v1.1.1 are not upstream's any more, and their contents came from the fork.
  expect(result.report?.patches).toHaveLength(4);
  expect(setting().missing()).toEqual([]);
});
