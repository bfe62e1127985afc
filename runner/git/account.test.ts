import { describe, expect, test } from "vitest";
import { accountResolved } from "./account.ts";
import { forkOfTwentyLines, release, type TestRepository } from "./testing/test-repository.ts";

/** `fork` has three patches; the first conflicts with upstream's v2. On branch `main`. */
function threePatches(): TestRepository {
  const r = forkOfTwentyLines();
  r.checkout("fork");
  r.edit("a", 12, "line 12 ours").commit("our line 12");
  r.write("tool", "x\n").commit("add a tool");
  r.checkout("main").edit("a", 5, "upstream five").commit("upstream five");
  release(r);
  return r;
}

function resolve(r: TestRepository, resolved: string, note = "resolved by hand") {
  return accountResolved({
    gitDir: r.gitDir,
    stackId: "test",
    branch: "fork",
    headOid: r.oid("fork"),
    onto: { ref: "v2", oid: r.oid("v2") },
    resolvedOid: r.oid(resolved),
    note,
  });
}

describe("a resolved branch", () => {
  test("with every patch: the result is that branch, and each patch has its place", async () => {
    using r = threePatches();
    r.checkout("-b", "resolved", "v2").edit("a", 5, "upstream five, fixed").commit("fix line 5");
    r.later("cherry-pick", "fork~1");
    r.later("cherry-pick", "fork");
    const answer = await resolve(r, "resolved");
    expect(answer).toMatchObject({
      ok: true,
      report: {
        result: { oid: r.oid("resolved"), tree: r.git("rev-parse", "resolved^{tree}") },
        patches: [
          { outcome: "adapted", newOid: r.oid("resolved~2"), note: "resolved by a person" },
          { outcome: "carried", newOid: r.oid("resolved~1") },
          { outcome: "carried", newOid: r.oid("resolved") },
        ],
        warnings: [],
      },
    });
    if (answer.ok) expect(answer.report.rangeDiff).toContain("fix line 5");
  });

  test("that lacks a patch: refused, naming it; accepted when the note drops it by subject or oid", async () => {
    using r = threePatches();
    r.checkout("-b", "resolved", "v2").later("cherry-pick", "fork");
    const answer = await resolve(r, "resolved", "dropped: FIX line 5");
    expect(answer).toMatchObject({ ok: false, reason: { code: "patches_unaccounted", about: [r.oid("fork~1")] } });
    if (!answer.ok) expect(answer.reason.message).toContain("our line 12");
    const named = await resolve(r, "resolved", `dropped fix line 5 and ${r.oid("fork~1").slice(0, 8)}`);
    expect(named).toMatchObject({
      ok: true,
      report: { counts: { dropped: 2, carried: 1 }, patches: [{ outcome: "dropped" }, { outcome: "dropped" }, {}] },
    });
  });

  test("that does not stand on onto: refused", async () => {
    using r = threePatches();
    expect(await resolve(r, "fork")).toMatchObject({ ok: false, reason: { code: "not_on_onto" } });
  });

  test("where two patches became one, and one was added: all told", async () => {
    using r = threePatches();
    r.checkout("-b", "resolved", "v2").edit("a", 5, "upstream five, fixed").commit("fix line 5");
    r.edit("a", 12, "line 12 ours").write("tool", "x\n").commit("our line 12");
    const extra = r.write("extra", "x\n").commit("something more");
    const answer = await resolve(r, "resolved");
    expect(answer).toMatchObject({
      ok: true,
      report: { patches: [{ outcome: "adapted" }, { outcome: "adapted" }, { outcome: "empty" }] },
    });
    if (answer.ok) expect(answer.report.warnings.join()).toContain(extra.slice(0, 12));
  });

  test("without a patch that upstream has: upstreamed, as a replay says", async () => {
    using r = threePatches();
    r.later("cherry-pick", "fork");
    const taken = r.oid("HEAD");
    r.git("tag", "--force", "v2");
    r.checkout("-b", "resolved", "v2").edit("a", 5, "upstream five, fixed").commit("fix line 5");
    r.later("cherry-pick", "fork~1");
    expect(await resolve(r, "resolved")).toMatchObject({
      ok: true,
      report: {
        patches: [{ outcome: "adapted" }, { outcome: "carried" }, { outcome: "upstreamed", upstreamOid: taken }],
      },
    });
  });

  test("whose patch was reworded and changed: found by range-diff", async () => {
    using r = threePatches();
    r.checkout("-b", "resolved", "v2").edit("a", 5, "upstream five, fixed").commit("fix line 5");
    r.edit("a", 12, "line 12 ours").commit("our twelfth line, reworded", "--author=Eve <eve@example.org>");
    r.later("cherry-pick", "fork");
    expect(await resolve(r, "resolved")).toMatchObject({
      ok: true,
      report: { patches: [{}, { newOid: r.oid("resolved~1") }, {}] },
    });
  });
});
