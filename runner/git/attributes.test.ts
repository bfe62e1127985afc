import { expect, test } from "vitest";
import { TestRepository } from "./testing/test-repository.ts";

test("attributes that a patch brings hold for the patches after it, as in a rebase", async () => {
  using r = TestRepository.init();
  r.write("log", "1\n2\n3\n").commit("first");
  r.checkout("-b", "fork").write(".gitattributes", "log merge=union\n").commit("logs are joined");
  r.write("log", "1\n2\n3\nours\n").commit("our entry");
  r.checkout("main").write("log", "1\n2\n3\ntheirs\n").commit("their entry");
  const report = await r.report("fork", "main");
  expect(report.counts).toMatchObject({ carried: 1, adapted: 1 });
  expect(report.result?.tree).toBe(r.rebasedTree("fork", "main"));
});
