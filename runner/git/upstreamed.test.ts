import { describe, expect, test } from "vitest";
import { StackReport } from "../../worker/contract/report.ts";
import { forkOfTwentyLines, release, TWENTY_LINES } from "./testing/test-repository.ts";

describe("upstream and the patch", () => {
  test("an untouched file: carried, with the tree of git rebase", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const report = await r.report("fork", "v2");
    expect(StackReport.parse(report)).toEqual(report);
    expect(report.patches).toMatchObject([
      { subject: "fix line 5", outcome: "carried", author: "Ada <ada@example.org>" },
    ]);
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "v2"));
    expect(report.drift.commitsBehind).toBe(1);
    expect(report.rangeDiff).toContain("=");
    expect(r.git("log", "--format=%s %an", "-2", report.result?.oid ?? "")).toBe("fix line 5 Ada\nprepare v2 Ada");
    expect(report.patches[0]?.patchId).toBe(
      r.run(["patch-id", "--stable"], { input: `${r.git("show", "fork")}\n` }).split(" ")[0],
    );
  });

  test("1: cherry-picked, then the same line edited again: upstreamed, no conflict shown", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    const taken = r.oid("HEAD");
    r.edit("a", 5, "line 5 fixed better").commit("improve line 5");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "upstreamed", upstreamOid: taken }]);
    expect(report.patches[0]?.conflicts).toBeUndefined();
    expect(report.result?.oid).toBe(r.oid("v2"));
  });

  test("1: cherry-picked and left alone: upstreamed", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    const taken = r.oid("HEAD");
    release(r);
    expect((await r.report("fork", "v2")).patches).toMatchObject([{ outcome: "upstreamed", upstreamOid: taken }]);
  });

  test("2: cherry-picked and reverted: carried, the revert reported; git rebase would lose it", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    r.later("revert", "--no-edit", "HEAD");
    const revert = r.oid("HEAD");
    release(r);
    expect(r.rebasedTree("fork", "v2")).toBe(r.git("rev-parse", "v2^{tree}"));
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "carried" }]);
    expect(report.patches[0]?.note).toContain(revert.slice(0, 12));
    expect(r.show(`${report.result?.oid}:a`)).toContain("line 5 fixed\n");
  });

  test("2: reverted and the line edited since: a conflict that tells of the revert, not upstreamed", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    r.later("revert", "--no-edit", "HEAD");
    const revert = r.oid("HEAD");
    r.edit("a", 5, "line 5 another way").commit("other line 5");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "conflicted" }]);
    expect(report.patches[0]?.note).toContain(revert.slice(0, 12));
  });

  test("2: taken back silently in a larger commit, with a neighbour edited: never upstreamed", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    r.edit("a", 5, "line 5").write("b", "b\n").commit("cleanup");
    r.edit("a", 6, "line 6 edited").commit("line 6");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "conflicted" }]);
    expect(report.patches[0]?.note).toContain("not wholly in effect");
  });

  test("2: reverted and taken again: upstreamed", async () => {
    using r = forkOfTwentyLines();
    r.later("cherry-pick", "fork");
    r.later("revert", "--no-edit", "HEAD");
    r.later("revert", "--no-edit", "HEAD");
    const again = r.oid("HEAD");
    r.edit("a", 5, "line 5 fixed better").commit("improve line 5");
    release(r);
    expect((await r.report("fork", "v2")).patches).toMatchObject([{ outcome: "upstreamed", upstreamOid: again }]);
  });

  test("3a: taken with a tweak on the same line: conflicted, the upstream commit proposed", async () => {
    using r = forkOfTwentyLines();
    const tweaked = r.edit("a", 5, "line 5 fixed!").commit("repair the fifth line");
    r.edit("a", 19, "line 19 edited").commit("elsewhere in the file");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.result).toBeNull();
    expect(report.patches).toMatchObject([
      {
        outcome: "conflicted",
        upstreamOid: tweaked,
        conflicts: [
          { path: "a", kind: "contents", upstreamCommits: [{ oid: tweaked, subject: "repair the fifth line" }] },
        ],
      },
    ]);
    expect(report.patches[0]?.note).toContain("looks like this patch");
  });

  test("3b: squashed into a larger commit: empty, that commit named", async () => {
    using r = forkOfTwentyLines();
    r.edit("a", 1, "line 1 edited").commit("before");
    const squash = r.edit("a", 5, "line 5 fixed").edit("a", 12, "line 12 too").write("b", "b\n").commit("big one");
    r.edit("a", 19, "line 19 edited").commit("after");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "empty", upstreamOid: squash }]);
    expect(report.patches[0]?.note).toContain("big one");
    expect(report.result?.oid).toBe(r.oid("v2"));
  });

  test("a patch that stands on an upstreamed one is carried; one left out on purpose is dropped", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork");
    r.write("tool", "x\n").commit("UPSTREAM: <drop>: debugging aid");
    r.edit("a", 15, "line 15 ours").commit("UPSTREAM: <carry>: our line 15");
    r.checkout("main").later("cherry-pick", "fork~2");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["upstreamed", "dropped", "carried"]);
    expect(report.counts).toEqual({ carried: 1, adapted: 0, upstreamed: 1, empty: 0, dropped: 1, conflicted: 0 });
    expect(r.git("ls-tree", "--name-only", report.result?.oid ?? "")).toBe("a\nunrelated");
  });

  test("a patch merged into changed surroundings is adapted, and range-diff shows it", async () => {
    using r = forkOfTwentyLines();
    r.edit("a", 7, "line 7 edited").commit("near");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches).toMatchObject([{ outcome: "adapted" }]);
    expect(report.rangeDiff).toMatch(/1: {2}\w+ ! 1: {2}\w+ fix line 5/);
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "v2"));
  });
});

describe("what upstream took and went on with", () => {
  test("a new file, taken and edited since: upstreamed; removed since: carried; made anew: a conflict", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("new", TWENTY_LINES).commit("add new");
    r.checkout("main").later("cherry-pick", "fork");
    const taken = r.oid("HEAD");
    r.edit("new", 5, "edited since").commit("edit new");
    r.git("tag", "edited");
    r.git("rm", "--quiet", "new");
    r.commit("remove new");
    r.git("tag", "removed");
    r.write("new", "something else\n").commit("another new");
    r.git("tag", "anew");
    const fate = async (onto: string) => (await r.report("fork", onto)).patches[1];
    expect(await fate("edited")).toMatchObject({ outcome: "upstreamed", upstreamOid: taken });
    expect(await fate("removed")).toMatchObject({ outcome: "carried" });
    expect(await fate("anew")).toMatchObject({ outcome: "conflicted" });
  });

  test("a removal, taken, and the file made again with other content: never upstreamed", async () => {
    using r = forkOfTwentyLines();
    r.write("b", "b\n").commit("add b");
    r.checkout("-b", "removal").git("rm", "--quiet", "b");
    r.commit("remove b");
    r.checkout("main").later("cherry-pick", "removal");
    r.write("b", "b is back\n").commit("b again");
    const report = await r.report("removal", "main");
    expect(report.patches).toMatchObject([
      { outcome: "conflicted", conflicts: [{ path: "b", kind: "modify/delete" }] },
    ]);
  });

  test("another indentation of the same line is not the same patch, whatever its patch-id says", async () => {
    using r = forkOfTwentyLines();
    r.checkout("-b", "four", "v1").edit("a", 5, "    line 5").commit("indent by four");
    r.checkout("main").edit("a", 5, "\tline 5").commit("indent by a tab");
    const [patch] = (await r.report("four", "main")).patches;
    expect(patch).toMatchObject({ outcome: "conflicted" });
    expect(patch?.note).not.toContain("upstream took it");
  });

  test("made, taken back and made again in the stack, while upstream has it: nothing is lost", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").later("revert", "--no-edit", "HEAD");
    r.later("revert", "--no-edit", "HEAD");
    r.checkout("main").later("cherry-pick", "fork~2");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["upstreamed", "carried", "carried"]);
    expect(report.patches[2]?.note).toContain("an earlier patch of the stack takes it back");
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "v2", "--reapply-cherry-picks"));
  });
});
