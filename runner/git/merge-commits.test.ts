import { describe, expect, test } from "vitest";
import { forkOfTwentyLines, release, TWENTY_LINES } from "./testing/test-repository.ts";

describe("4: merge commits in the stack", () => {
  test("what the merge itself changed is carried", async () => {
    using r = forkOfTwentyLines();
    r.checkout("-b", "topic", "fork").write("topic", "t\n").commit("topic work");
    r.checkout("fork").write("side", "s\n").commit("side work");
    r.later("merge", "--no-commit", "--no-ff", "topic");
    r.write("glue", "g\n").commit("merge topic with glue");
    r.checkout("main");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["carried", "carried", "carried"]);
    expect(report.patches[2]?.note).toContain("changes made in the merge itself");
    expect(r.git("ls-tree", "--name-only", report.result?.oid ?? "")).toBe("a\nglue\nside\ntopic\nunrelated");
  });

  test("a merge of an upstream release: its own change is carried, an empty one explained", async () => {
    using r = forkOfTwentyLines();
    r.edit("a", 18, "line 18 edited").commit("upstream work");
    release(r, "v1.1");
    r.checkout("fork").later("merge", "--no-commit", "--no-ff", "v1.1");
    r.write("glue", "g\n").commit("merge v1.1 with glue");
    r.edit("a", 10, "line 10 ours").commit("line 10");
    r.checkout("main").write("more", "m\n").commit("more upstream work");
    r.checkout("fork").later("merge", "--no-ff", "-m", "merge main", "main");
    r.checkout("main");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => [p.subject, p.outcome])).toEqual([
      ["fix line 5", "carried"],
      ["merge v1.1 with glue", "adapted"],
      ["line 10", "carried"],
      ["merge main", "empty"],
    ]);
    expect(r.show(`${report.result?.oid}:glue`)).toBe("g");
    expect(r.show(`${report.result?.oid}:a`)).toContain("line 18 edited");
  });

  test("a merge of an upstream release whose conflict was resolved: only the resolution is the merge's own", async () => {
    using r = forkOfTwentyLines();
    r.edit("a", 5, "upstream five").edit("a", 12, "twelve").commit("upstream work");
    release(r, "v1.1");
    r.checkout("fork").attempt("merge", "--no-ff", "v1.1");
    r.write("a", TWENTY_LINES.replace("line 5\n", "resolved five\n").replace("line 12\n", "twelve\n"));
    r.commit("merge v1.1, resolved");
    r.edit("a", 17, "ours").commit("line 17");
    r.checkout("main").edit("a", 12, "twelve again").commit("upstream goes on");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["conflicted", "conflicted", "carried"]);
    // Neither what the release changed elsewhere nor what upstream made of that since.
    expect(report.patches[1]?.conflicts).toMatchObject([{ path: "a", followsFrom: report.patches[0]?.oid }]);
  });

  test("a root commit in the stack, joined with upstream: its files and the join's own are carried", async () => {
    using r = forkOfTwentyLines();
    r.checkout("--orphan", "joined").git("rm", "-rf", "--quiet", ".");
    r.write("z", "z\n").commit("another beginning");
    r.later("merge", "--quiet", "--allow-unrelated-histories", "--no-commit", "main");
    r.write("glue", "g\n").commit("join upstream");
    r.checkout("main").edit("a", 5, "upstream five").commit("upstream goes on");
    release(r);
    const report = await r.report("joined", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["carried", "adapted"]);
    expect(r.git("ls-tree", "--name-only", report.result?.oid ?? "")).toBe("a\nglue\nunrelated\nz");
    expect(r.show(`${report.result?.oid}:a`)).toContain("upstream five");
  });
});
