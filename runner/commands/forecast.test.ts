import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StackReport } from "../../worker/contract/report.ts";
import { forkOfTwentyLines, release, TestRepository } from "../git/testing/test-repository.ts";
import { patchMoi } from "./testing/command-line.ts";

function conflicting(): TestRepository {
  const r = forkOfTwentyLines();
  r.edit("a", 5, "another five").commit("upstream five");
  release(r);
  return r;
}

const stack = (r: TestRepository) => ["--repo", r.dir, "--branch", "fork", "--onto", "v2"];

describe("forecast", () => {
  test("prints one stack report with --json, and changes nothing", async () => {
    using r = forkOfTwentyLines();
    r.later("tag", "-a", "-m", "note", "v1-noted");
    release(r);
    const before = [r.git("count-objects", "-v"), r.git("for-each-ref"), r.git("status", "--porcelain")];
    const ended = await patchMoi(["forecast", ...stack(r), "--json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const report = StackReport.parse(JSON.parse(ended.stdout));
    expect(report.patches).toMatchObject([{ subject: "fix line 5", outcome: "carried" }]);
    expect([r.git("count-objects", "-v"), r.git("for-each-ref"), r.git("status", "--porcelain")]).toEqual(before);
  });

  test("names conflicts with path, kind and upstream commit", async () => {
    using r = conflicting();
    const ended = await patchMoi(["forecast", ...stack(r)]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("a (contents)");
    expect(ended.stdout).toContain("upstream five");
    expect(ended.stdout).toContain("the only patch conflicts with v2");
    // And the commands that it shows stop where the conflict is.
    const shown = [...ended.stdout.matchAll(/^ {2}git (.+)$/gm)].map((match) => (match[1] ?? "").split(" "));
    expect(shown.map((args) => r.attempt(...args).ok)).toEqual([true, false]);
    expect(r.oid("REBASE_HEAD")).toBe(r.oid("fork"));
  });

  test("works from any folder of a repository, also bare, and names an annotated tag", async () => {
    using r = forkOfTwentyLines();
    release(r);
    r.git("tag", "-a", "-m", "note", "v2-noted");
    using bare = TestRepository.init("--bare");
    bare.git("fetch", "--quiet", r.dir, "refs/*:refs/*");
    const ended = await patchMoi(["forecast", "--repo", bare.dir, "--branch", "fork", "--onto", "v2-noted", "--json"]);
    const { onto } = StackReport.parse(JSON.parse(ended.stdout));
    expect(onto).toEqual({ ref: "v2-noted", oid: r.oid("v2"), tagOid: r.git("rev-parse", "v2-noted") });
  });

  test("takes what git takes for a commit", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const names = ["--branch", "fork", "--onto", "main~0", "--base", "v2~1"];
    const ended = await patchMoi(["forecast", "--repo", r.dir, ...names, "--json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(StackReport.parse(JSON.parse(ended.stdout)).onto).toEqual({ ref: "main~0", oid: r.oid("v2") });
  });

  test.each([
    ["no such branch", ["--branch", "nope", "--onto", "v1"], 1, "ref_missing"],
    ["no such tag", ["--branch", "fork", "--onto", "v9"], 1, "ref_missing"],
    ["an option for a name", ["--branch", "fork", "--onto=--upload-pack=touch"], 2, "bad_ref_name"],
    ["no name", ["--branch", "", "--onto", "v1"], 2, "bad_ref_name"],
    ["a range for a name", ["--branch", "fork", "--onto", "v1..fork"], 2, "bad_ref_name"],
    ["no --onto", ["--branch", "fork"], 2, "usage"],
  ])("%s: one line on stderr that begins with its code, nothing on stdout", async (_, args, code, begins) => {
    using r = forkOfTwentyLines();
    const ended = await patchMoi(["forecast", "--repo", r.dir, ...args, "--json"]);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^${begins}: .+\n$`));
  });

  test("a folder that is no repository, not there, or a file", async () => {
    using r = new TestRepository();
    const none = await patchMoi(["forecast", "--repo", r.dir, "--branch", "fork", "--onto", "v1"]);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toMatch(/^not_a_repository: .+\n$/);
    const gone = await patchMoi(["forecast", "--repo", `${r.dir}/gone`, "--branch", "fork", "--onto", "v1"]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    const file = await patchMoi([
      "forecast",
      "--repo",
      join(r.write("file", "").dir, "file"),
      "--branch",
      "fork",
      "--onto",
      "v1",
    ]);
    expect(file).toMatchObject({ code: 1, stdout: "" });
    expect(file.stderr).toMatch(/^not_a_repository: .+\n$/);
  });
});

describe("rebase", () => {
  test("moves the branch when nothing conflicts; a second time there is nothing to do", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const ended = await patchMoi(["rebase", ...stack(r), "--json"]);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(r.oid("fork")).toBe(StackReport.parse(JSON.parse(ended.stdout)).result?.oid);
    expect(r.git("merge-base", "fork", "v2")).toBe(r.oid("v2"));
    expect((await patchMoi(["rebase", ...stack(r)])).stdout).toContain("nothing to do");
  });

  test("leaves the branch where it is with --into, and takes no branch that exists", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const head = r.oid("fork");
    expect((await patchMoi(["rebase", ...stack(r), "--into", "fork-2"])).code).toBe(0);
    expect([r.oid("fork"), r.oid("fork-2~1")]).toEqual([head, r.oid("v2")]);
    const again = await patchMoi(["rebase", ...stack(r), "--into", "main"]);
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toMatch(/^ref_exists: /);
  });

  test("does not move a branch under a work tree", async () => {
    using r = forkOfTwentyLines();
    release(r);
    r.checkout("fork");
    const head = r.oid("fork");
    const ended = await patchMoi(["rebase", ...stack(r)]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^branch_checked_out: .+--into.+\n$/);
    expect(r.oid("fork")).toBe(head);
  });

  test("with a conflict the branch stays, and the report says what is in the way", async () => {
    using r = conflicting();
    const head = r.oid("fork");
    const ended = await patchMoi(["rebase", ...stack(r), "--json"]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^conflict: .+\n$/);
    expect(StackReport.parse(JSON.parse(ended.stdout)).counts.conflicted).toBe(1);
    expect(r.oid("fork")).toBe(head);
  });
});
