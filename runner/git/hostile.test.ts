import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forkOfTwentyLines, release, type TestRepository } from "./testing/test-repository.ts";

let folder: string;
let canary: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-canary-"));
  canary = join(folder, "canary");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stack whose replay merges a file, with the given attributes in the tree. */
function hostile(attributes: string): TestRepository {
  const r = forkOfTwentyLines();
  r.write(".gitattributes", attributes).edit("a", 8, "line 8 upstream").commit("near");
  release(r);
  return r;
}

const trap = () => `touch ${canary}; false`;

test.each([
  ["a merge driver", "a merge=trap", { "merge.trap.driver": trap }],
  ["a textconv", "a diff=trap", { "diff.trap.textconv": trap }],
  ["an external diff", "a diff=trap", { "diff.trap.command": trap, "diff.external": trap }],
  [
    "a filter",
    "a filter=trap text",
    { "filter.trap.clean": trap, "filter.trap.smudge": trap, "filter.trap.process": trap },
  ],
  ["fsmonitor", "", { "core.fsmonitor": trap }],
  ["a pager and an editor", "", { "core.pager": trap, "core.editor": trap, "sequence.editor": trap }],
  ["a signing program", "", { "commit.gpgSign": () => "true", "gpg.program": trap }],
  ["an alternate's command", "", { "core.alternateRefsCommand": trap }],
])("%s in the repository's configuration does not run", async (_, attributes, config) => {
  using r = hostile(attributes);
  for (const [key, value] of Object.entries(config)) r.git("config", key, value());
  const report = await r.report("fork", "v2");
  expect(report.counts.conflicted).toBe(0);
  expect(existsSync(canary)).toBe(false);
});

test("hooks do not run", async () => {
  using r = hostile("");
  mkdirSync(join(r.gitDir, "hooks"), { recursive: true });
  for (const hook of ["post-checkout", "pre-auto-gc", "post-rewrite", "reference-transaction", "post-index-change"])
    writeFileSync(join(r.gitDir, "hooks", hook), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
  await r.report("fork", "v2");
  expect(existsSync(canary)).toBe(false);
});

test("attributes in a folder named .. are not written outside of the quarantine", async () => {
  using r = forkOfTwentyLines();
  const blob = r.run(["hash-object", "-w", "--stdin"], { input: "* text\n" });
  const file = r.run(["hash-object", "-w", "--stdin"], { input: "x\n" });
  const inner = r.run(["mktree"], { input: `100644 blob ${blob}\t.gitattributes\n100644 blob ${file}\tx\n` });
  const tree = (name: string, more: string) =>
    r.run(["mktree"], { input: `${r.git("ls-tree", "v1")}\n040000 tree ${inner}\t${name}\n${more}` });
  const commit = (of: string, parent: string, message: string) =>
    r.git("commit-tree", "-p", r.oid(parent), "-m", message, of);
  r.git("tag", "evil", commit(tree("..", ""), "v1", "upstream with a folder .."));
  const patch = commit(tree("..", `100644 blob ${file}\tnew\n`), "v1", "patch with it too");
  r.git("branch", "evil-fork", patch);
  const before = readdirSync(tmpdir()).filter((name) => name === ".gitattributes");
  await r.replay("evil-fork", "evil").catch(() => undefined);
  expect(readdirSync(tmpdir()).filter((name) => name === ".gitattributes")).toEqual(before);
});

test("no quarantine is left behind, neither after a report nor after a failure", async () => {
  using r = hostile("");
  const there = () => readdirSync(tmpdir()).filter((name) => name.startsWith("patch-moi-quarantine-"));
  const before = new Set(there());
  await r.report("fork", "v2");
  await r.refusal("fork", "v2", { headOid: "1".repeat(40) });
  const stop = new AbortController();
  stop.abort();
  await expect(r.replay("fork", "v2", { signal: stop.signal })).rejects.toThrow();
  // Other tests run at the same time: what counts is that none of ours is among the new ones for long.
  await expect.poll(() => there().filter((name) => !before.has(name)).length, { timeout: 30_000 }).toBe(0);
});
