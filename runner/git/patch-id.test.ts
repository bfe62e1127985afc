import { expect, test } from "vitest";
import { readDiffs } from "./commit-diffs.ts";
import { pipeGit } from "./process.ts";
import { randomHistories } from "./testing/random-history.ts";
import { TestRepository } from "./testing/test-repository.ts";

const DIFF = ["diff-tree", "--stdin", "-r", "--root", "--no-renames", "-p", "--full-index"];

/** By commit, as git says and as we say. */
async function patchIds(r: TestRepository): Promise<{ git: Map<string, string>; ours: Map<string, string> }> {
  const commits = r
    .git("rev-list", "--all", "--parents")
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([to = "", from]) => (to === "" ? [] : [{ from, to }]));
  const input = commits.map(({ from, to }) => (from === undefined ? `${to}\n` : `${to} ${from}\n`)).join("");
  const said = await pipeGit(DIFF, ["patch-id", "--stable"], { gitDir: r.gitDir, input });
  const git = new Map<string, string>();
  for (const line of said.toString("latin1").trimEnd().split("\n")) {
    const [patchId = "", oid = ""] = line.split(" ");
    git.set(oid, patchId);
  }
  const ours = new Map<string, string>();
  for (const [oid, { patchId }] of await readDiffs({ gitDir: r.gitDir }, commits, { patchIds: true }))
    if (patchId !== undefined) ours.set(oid, patchId);
  return { git, ours };
}

test("patch-ids of random histories are those of git patch-id --stable", async () => {
  using r = TestRepository.init();
  r.run(["fast-import", "--quiet", "--done"], { input: randomHistories(7_000, 40).stream });
  const { git, ours } = await patchIds(r);
  expect(git.size).toBeGreaterThan(200);
  expect([...ours]).toEqual(expect.arrayContaining([...git]));
  expect(ours.size).toBe(git.size);
});

test.each([["sha1"], ["sha256"]])("patch-ids of unusual changes, %s", async (format) => {
  using r = TestRepository.init(`--object-format=${format}`);
  r.write("none", "no newline")
    .write("empty", "")
    .write("a", "1\n2\n3\n")
    .write("b", "\0\x01")
    .write("ä\t", "x\n")
    .commit("first");
  r.write("none", "no newline\nmore")
    .write("b", "\0\x02")
    .write("a", "1\r\n 2\n\t3\n")
    .commit("several, a binary among them");
  r.write("empty", "-- not a header\n").commit("looks like a header");
  r.write("empty", "").write("a", "").commit("all lines taken away");
  r.write("a", `${"x".repeat(9_000)}\nab\0cd\n`)
    .write("long", `${"y\n".repeat(200_000)}`)
    .commit("a NUL far behind");
  r.git("update-index", "--chmod=+x", "a");
  r.git("commit", "--quiet", "-m", "mode only");
  r.git("rm", "--quiet", "b", "ä\t");
  r.git("commit", "--quiet", "-m", "binary and unusual name deleted");
  r.write("b", "\0\x03").write("c", "text\n").commit("binary before text");
  r.commit("nothing");
  const { git, ours } = await patchIds(r);
  expect(git.size).toBe(8);
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(git));
});
