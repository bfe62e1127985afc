import { describe, expect, test } from "vitest";
import { StackReport } from "../../worker/contract/report.ts";
import { forkOfTwentyLines, release, TestRepository, TWENTY_LINES } from "./testing/test-repository.ts";

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
});

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
});

describe("10 and what is kept", () => {
  test("the same inputs give the same oids, in another clone and after time has passed", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const first = await r.report("fork", "v2");
    using clone = TestRepository.init("--bare");
    clone.git("fetch", "--quiet", r.dir, "refs/*:refs/*");
    const second = await clone.report("fork", "v2", { gitDir: clone.dir });
    expect(second.result).toEqual(first.result);
  });

  test("a stack that stands on onto already is its own result", async () => {
    using r = forkOfTwentyLines();
    const answer = await r.replay("fork", "v1");
    expect(answer).toMatchObject({ ok: true, alreadyThere: true, report: { result: { oid: r.oid("fork") } } });
  });

  test("author, encoding and message bytes are kept; the committer is ours, dated as the author", async () => {
    using r = forkOfTwentyLines();
    r.checkout("fork").edit("a", 12, "twelve");
    r.git("add", "a");
    const message = Buffer.concat([
      Buffer.from("Gr"),
      Buffer.from([0xfc]),
      Buffer.from("\u00dfe"),
      Buffer.from("\n\n\n  body  \n\n"),
    ]);
    r.run(["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--cleanup=verbatim", "-F", "-"], {
      input: message,
    });
    r.checkout("main");
    release(r);
    const report = await r.report("fork", "v2");
    const body = (name: string) => r.run(["cat-file", "commit", name]).split("\n\n").slice(1).join("\n\n");
    expect(body(report.result?.oid ?? "")).toBe(body("fork"));
    expect(r.git("log", "-1", "--format=%an %ad|%cn %cd|%e", "--date=raw", report.result?.oid ?? "")).toMatch(
      /^Ada (\d+ \+0100)\|patch\.moi \1\|ISO-8859-1$/,
    );
  });

  test("signatures cannot be carried: said, or made anew", async () => {
    using r = forkOfTwentyLines();
    const signed = r.run(["cat-file", "commit", "fork"]).replace(/\n\n/, "\ngpgsig -----BEGIN\n \n x\n -----END\n\n");
    const oid = r.run(["hash-object", "-t", "commit", "-w", "--stdin"], { input: `${signed}\n` });
    r.git("branch", "--force", "fork", oid);
    release(r);
    const report = await r.report("fork", "v2");
    expect(report.warnings.join()).toContain("1 signed patch loses its signature");
    expect(r.run(["cat-file", "commit", report.result?.oid ?? ""])).not.toContain("gpgsig");
    const resigned = await r.report("fork", "v2", { sign: async () => "-----NEW\n\nline\n" });
    expect(r.run(["cat-file", "commit", resigned.result?.oid ?? ""])).toContain("\ngpgsig -----NEW\n \n line\n\n");
    expect(r.attempt("fsck", "--strict").ok).toBe(true);
  });

  test("a forecast leaves the repository as it was", async () => {
    using r = forkOfTwentyLines();
    release(r);
    const before = r.git("count-objects", "-v");
    const report = await r.report("fork", "v2", { objects: "forget" });
    expect(report.result).not.toBeNull();
    expect(r.git("count-objects", "-v")).toBe(before);
    expect(r.attempt("cat-file", "-e", report.result?.oid ?? "").ok).toBe(false);
  });

  test("a sha256 repository", async () => {
    using r = TestRepository.init("--object-format=sha256");
    r.write("a", TWENTY_LINES).commit("first");
    r.checkout("-b", "fork").edit("a", 5, "line 5 fixed").commit("fix line 5");
    r.checkout("main").edit("a", 15, "fifteen").commit("upstream");
    const report = await r.report("fork", "main");
    expect(report.result?.oid).toHaveLength(64);
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "main"));
  });
});

describe("11: no replay without a base, and the reason said", () => {
  test("unrelated histories", async () => {
    using r = forkOfTwentyLines();
    r.checkout("--orphan", "other").commit("another beginning");
    expect((await r.refusal("fork", "other")).code).toBe("unrelated_histories");
  });

  test("a shallow clone with no merge base", async () => {
    using r = forkOfTwentyLines();
    for (let i = 0; i < 3; i += 1) r.write("n", `${i}\n`).commit(`n ${i}`);
    release(r);
    using shallow = TestRepository.init();
    shallow.git(
      "fetch",
      "--quiet",
      "--depth=1",
      `file://${r.dir}`,
      "refs/heads/*:refs/remotes/o/*",
      "refs/tags/v2:refs/tags/v2",
    );
    const reason = await shallow.refusal("refs/remotes/o/fork", "v2");
    expect(reason.code).toBe("shallow_no_merge_base");
    expect(reason.message).toContain("--unshallow");
  });

  test("commits that are not there; a declared base that is wrong; a recorded one that is", async () => {
    using r = forkOfTwentyLines();
    release(r);
    expect((await r.refusal("fork", "v2", { headOid: "1".repeat(40) })).code).toBe("missing_objects");
    const wrong = { base: r.oid("v2"), baseIs: "declared" as const };
    expect((await r.refusal("fork", "v2", wrong)).code).toBe("base_not_ancestor");
    const report = await r.report("fork", "v2", { base: r.oid("v2") });
    expect(report.warnings.join()).toContain("recorded base");
    expect(report.base.oid).toBe(r.oid("v1"));
  });

  test("a recorded base on a release branch: upstream's commits on it are no patches", async () => {
    using r = TestRepository.init();
    r.write("a", TWENTY_LINES).commit("first");
    r.checkout("-b", "release-1").write("version", "1\n").commit("version 1");
    r.git("tag", "v1");
    r.checkout("-b", "fork").edit("a", 5, "line 5 fixed").commit("fix line 5");
    r.checkout("main").edit("a", 15, "fifteen").commit("upstream work");
    r.git("tag", "v2");
    const report = await r.report("fork", "v2", { base: r.oid("v1") });
    expect(report.patches.map((p) => p.subject)).toEqual(["fix line 5"]);
    expect(report.base.oid).toBe(r.oid("v1"));
    expect(r.git("ls-tree", "--name-only", report.result?.oid ?? "")).toBe("a");
  });
});
