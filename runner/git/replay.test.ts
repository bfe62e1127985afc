import { describe, expect, test } from "vitest";
import { forkOfTwentyLines, release, TestRepository, TWENTY_LINES } from "./testing/test-repository.ts";

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

  test("a text file of many megabytes is merged by its lines, kept, and said to be large", async () => {
    using r = TestRepository.init();
    const text = Array.from({ length: 17_000 }, (_, i) => `${i} ${"x".repeat(1_000)}`).join("\n");
    r.write("big", `${text}\n`).commit("first");
    r.checkout("-b", "fork").edit("big", 12_000, "ours").commit("ours");
    r.checkout("main").edit("big", 3, "theirs").edit("big", 11_998, "theirs, near").commit("theirs");
    const report = await r.report("fork", "main", { objects: "keep" });
    expect(report.patches).toMatchObject([{ outcome: "adapted" }]);
    expect(report.result?.tree).toBe(r.rebasedTree("fork", "main"));
    expect(r.attempt("fsck", "--connectivity-only", report.result?.oid ?? "").ok).toBe(true);
    expect(report.warnings.join()).toContain("big: larger than 16 MB");
    expect(report.rangeDiff).not.toContain("xxxx");
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
