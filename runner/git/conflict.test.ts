import { describe, expect, test } from "vitest";
import { forkOfTwentyLines, release, TestRepository, TWENTY_LINES } from "./testing/test-repository.ts";

describe("8: kinds of conflict, and none where there is none", () => {
  test("renamed upstream: the patch follows", async () => {
    using r = forkOfTwentyLines();
    r.git("mv", "a", "b");
    r.commit("rename");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.counts.conflicted).toBe(0);
    expect(r.show(`${report.result?.oid}:b`)).toContain("line 5 fixed");
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "v2"));
  });

  test("renamed and the line rewritten upstream: contents at the new path, both commits known", async () => {
    using r = forkOfTwentyLines();
    r.git("mv", "a", "b");
    r.commit("rename");
    const rewrite = r.edit("b", 5, "something else entirely").commit("rewrite");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches[0]?.conflicts).toMatchObject([{ path: "b", kind: "contents" }]);
    expect(report.patches[0]?.conflicts?.[0]?.upstreamCommits.map((c) => c.oid)).toContain(rewrite);
  });

  test("deleted upstream: named, never resolved by deleting", async () => {
    using r = forkOfTwentyLines();
    r.git("rm", "--quiet", "a");
    const removal = r.commit("remove a");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.result).toBeNull();
    expect(report.patches[0]?.conflicts).toMatchObject([
      { path: "a", kind: "modify/delete", upstreamCommits: [{ oid: removal }] },
    ]);
  });

  test("binary on both sides", async () => {
    using r = TestRepository.init();
    r.write("logo", Buffer.from([0, 1, 2])).commit("first");
    r.checkout("-b", "fork")
      .write("logo", Buffer.from([0, 1, 3]))
      .commit("our logo");
    const theirs = r
      .checkout("main")
      .write("logo", Buffer.from([0, 9, 2]))
      .commit("new logo");
    expect((await r.report("fork", "main")).patches[0]?.conflicts).toMatchObject([
      { path: "logo", kind: "binary", upstreamCommits: [{ oid: theirs }] },
    ]);
  });

  test("added on both sides; a file where upstream made a folder", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("new", "ours\n").write("place", "file\n").commit("add");
    const add = r.checkout("main").write("new", "theirs\n").commit("add new");
    const folder = r.write("place/inside", "x\n").commit("add place");
    release(r);
    const conflicts = (await r.report("fork", "v2")).patches[1]?.conflicts;
    expect(conflicts).toMatchObject([
      { path: "new", kind: "add/add", upstreamCommits: [{ oid: add }] },
      { path: "place", kind: "file/directory", upstreamCommits: [{ oid: folder }] },
    ]);
  });

  test("13: submodule pointers that diverged are named", async () => {
    using r = TestRepository.init();
    const pointer = (digit: string) => r.git("update-index", "--add", "--cacheinfo", `160000,${digit.repeat(40)},sub`);
    const commitIndex = (message: string) => r.later("commit", "--quiet", "-m", message);
    pointer("1");
    commitIndex("first");
    r.git("branch", "fork");
    pointer("2");
    commitIndex("upstream moves sub");
    const upstream = r.oid("HEAD");
    r.git("symbolic-ref", "HEAD", "refs/heads/fork");
    pointer("3");
    commitIndex("fork moves sub");
    const [conflict] = (await r.report("fork", "main")).patches[0]?.conflicts ?? [];
    expect(conflict).toMatchObject({ path: "sub", upstreamCommits: [{ oid: upstream }] });
    expect(conflict?.kind).toContain("submodule");
  });

  test("CRLF became LF: evened out only where .gitattributes says so", async () => {
    using r = TestRepository.init();
    const crlf = TWENTY_LINES.replaceAll("\n", "\r\n");
    r.write("a", crlf).commit("first");
    r.checkout("-b", "fork").write("a", crlf.replace("line 5", "line 5 fixed")).commit("fix line 5");
    r.checkout("main").write("a", TWENTY_LINES).commit("LF");
    r.git("tag", "plain");
    r.write(".gitattributes", "* text=auto\n").commit("attributes");
    const plain = await r.report("fork", "plain");
    expect(plain.patches).toMatchObject([{ outcome: "conflicted", conflicts: [{ path: "a", kind: "contents" }] }]);
    const said = await r.report("fork", "main");
    expect(said.counts.conflicted).toBe(0);
    expect(said.patches[0]?.note).toContain(".gitattributes");
    expect(r.show(`${said.result?.oid}:a`)).toBe(TWENTY_LINES.replace("line 5", "line 5 fixed").trimEnd());
  });

  test("merge=union of .gitattributes in a folder is followed, as in a rebase", async () => {
    using r = TestRepository.init();
    r.write("docs/.gitattributes", "*.log merge=union\n").write("docs/x/changes.log", "one\n").commit("first");
    r.checkout("-b", "fork").write("docs/x/changes.log", "one\nours\n").commit("ours");
    r.checkout("main").write("docs/x/changes.log", "one\ntheirs\n").commit("theirs");
    const report = await r.report("fork", "main");
    expect(report.counts.conflicted).toBe(0);
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "main"));
  });

  test("a file added to a folder that upstream moved: the move is named", async () => {
    using r = TestRepository.init();
    for (let i = 0; i < 4; i += 1) r.write(`src/f${i}`, `${i}\n${TWENTY_LINES}`);
    r.commit("first");
    r.checkout("-b", "fork").write("src/new", "n\n").commit("add to src");
    r.checkout("main").git("mv", "src", "lib");
    const move = r.commit("move src");
    r.edit("lib/f1", 3, "three").commit("edit in lib");
    const [conflict] = (await r.report("fork", "main")).patches[0]?.conflicts ?? [];
    expect(conflict).toMatchObject({ path: "lib/new", upstreamCommits: [{ oid: move }] });
    expect(conflict?.kind).toContain("directory rename");
  });
});

describe("all conflicts at once", () => {
  test("every conflicting patch is named, and which follows from which", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork");
    r.edit("a", 5, "line 5 fixed, again").commit("fix line 5 again");
    r.write("b", "b\n").commit("unrelated");
    r.edit("a", 15, "line 15 ours").commit("our line 15");
    r.checkout("main");
    const five = r.edit("a", 5, "a different five").commit("upstream five");
    const fifteen = r.edit("a", 15, "a different fifteen").commit("upstream fifteen");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches.map((p) => p.outcome)).toEqual(["conflicted", "conflicted", "carried", "conflicted"]);
    const [first, second, , last] = report.patches;
    expect(first?.conflicts).toEqual([
      { path: "a", kind: "contents", upstreamCommits: [{ oid: five, subject: "upstream five" }] },
    ]);
    expect(second?.conflicts).toMatchObject([{ path: "a", followsFrom: first?.oid }]);
    expect(last?.conflicts).toEqual([
      { path: "a", kind: "contents", upstreamCommits: [{ oid: fifteen, subject: "upstream fifteen" }] },
    ]);
    expect(report.patches.every((p) => p.newOid === undefined)).toBe(true);
  });

  test("a patch on a file that a conflicting patch added follows from it", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("new", "1\n2\n3\n").commit("add new");
    r.write("new", "1\n2\nthree\n").commit("edit new");
    r.checkout("main").write("new", "other\n").commit("upstream new");
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.patches[1]?.conflicts).toMatchObject([{ path: "new", kind: "add/add" }]);
    expect(report.patches[2]?.conflicts).toMatchObject([{ path: "new", followsFrom: report.patches[1]?.oid }]);
  });

  test("a patch that needs one which is dropped by its subject names that one", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").write("tool", TWENTY_LINES).commit("UPSTREAM: <drop>: a tool");
    r.edit("tool", 4, "four").commit("edit the tool");
    r.checkout("main");
    release(r);
    const { patches } = await r.report("fork", "v2");
    expect(patches.map((p) => p.outcome)).toEqual(["carried", "dropped", "conflicted"]);
    expect(patches[2]?.conflicts).toMatchObject([{ path: "tool", followsFrom: patches[1]?.oid }]);
  });
});
