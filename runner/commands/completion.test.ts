import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { patchMoi } from "./testing/command-line.ts";

/** What bash would offer for the words typed so far, the last one unfinished. */
async function offered(words: readonly string[]): Promise<string[]> {
  const { stdout } = await patchMoi(["completion", "bash"]);
  const typed = ["patch.moi", ...words].map((word) => `'${word}'`).join(" ");
  const ask = `${stdout}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _patch_moi; echo "\${COMPREPLY[@]}"`;
  const { status, stdout: said, stderr } = spawnSync("bash", ["--norc", "-c", ask], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return said.trim().split(" ");
}

test("bash completes commands, commands under them, and options", async () => {
  expect(await offered(["int"])).toEqual(["interventions"]);
  expect(await offered(["runners", "ro"])).toEqual(["rotate"]);
  expect(await offered(["show", "web.12", "--js"])).toEqual(["--json"]);
  // An argument that is called like a command is an argument.
  expect(await offered(["show", "runners", "--ser"])).toEqual(["--server"]);
});

test.each(["zsh", "fish"])("%s gets a script that names every command", async (shell) => {
  const { code, stdout } = await patchMoi(["completion", shell]);
  expect(code).toBe(0);
  for (const name of ["interventions", "doctor", "tail", "resume"]) expect(stdout).toContain(name);
});

test("another shell is refused with those that there are", async () => {
  const { code, stderr } = await patchMoi(["completion", "tcsh"]);
  expect(code).toBe(2);
  expect(stderr).toContain("bash, zsh, fish");
});
