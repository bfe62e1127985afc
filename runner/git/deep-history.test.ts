import { expect, test } from "vitest";
import { TestRepository, TWENTY_LINES } from "./testing/test-repository.ts";

/** `fork` changes line 5; upstream takes that, reverts it, and makes `commits` more. */
function deepHistory(commits: number): TestRepository {
  const r = TestRepository.init();
  r.write("a", TWENTY_LINES).commit("first");
  r.checkout("-b", "fork").edit("a", 5, "line 5 fixed").commit("fix line 5");
  r.checkout("main").write("other", "x\n").commit("unrelated");
  r.later("cherry-pick", "fork");
  r.later("revert", "--no-edit", "HEAD");
  const lines = Array.from({ length: commits }, (_, i) => {
    const from = i === 0 ? "from refs/heads/main^0\n" : "";
    return `commit refs/heads/main\ncommitter Ada <ada@example.org> ${1_800_000_000 + i} +0000\ndata 1\n.\n${from}M 100644 inline n\ndata ${String(i).length}\n${i}\n`;
  });
  r.run(["fast-import", "--quiet", "--done"], { input: `${lines.join("")}done\n` });
  return r;
}

test("in a deep history a revert is told, or that it was not looked for", async () => {
  using near = deepHistory(10);
  const told = await near.report("fork", "main");
  expect(told.patches[0]?.outcome).toBe("carried");
  expect(told.patches[0]?.note).toContain("reverted it");
  expect(told.warnings).toEqual([]);

  using far = deepHistory(2_100);
  const notLookedFor = await far.report("fork", "main");
  expect(notLookedFor.patches[0]).toMatchObject({ outcome: "carried" });
  expect(notLookedFor.warnings).toEqual([expect.stringContaining("newest 2000 of upstream's 2103 new commits")]);
});
