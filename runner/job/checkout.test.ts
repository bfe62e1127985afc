/** Which files a sparse checkout writes is known without making one. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { gitText, runGit } from "../git/process.ts";
import { checkOut, isCheckedOut } from "./checkout.ts";
import { scratch } from "./testing/scratch.ts";

const FILES = [
  "top",
  "src/near",
  "src/lib/in",
  "src/lib/deep/in",
  "src/library",
  "src/other/out",
  "lib/out",
  "docs/out",
];

test("what is known to be checked out is what git checks out, of each choice of folders", async () => {
  using made = scratch();
  const gitDir = join(made.path, "source", ".git");
  const cwd = join(made.path, "source");
  mkdirSync(cwd);
  for (const file of FILES) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true });
    writeFileSync(join(cwd, file), file);
  }
  const who = { "user.name": "a", "user.email": "a@localhost" };
  await runGit(["init", "--quiet"], { cwd });
  await runGit(["add", "."], { cwd });
  await runGit(["commit", "--quiet", "-m", "files"], { cwd, config: who });
  const oid = await gitText(["rev-parse", "HEAD"], { cwd });
  for (const sparse of [["src/lib"], ["src"], ["absent/deep"], ["src/lib/deep", "lib"], ["top"]]) {
    const checkout = await checkOut(gitDir, oid, made.path, new AbortController().signal, sparse);
    const written = readdirSync(checkout.tree, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(checkout.tree.length + 1))
      .filter((path) => !path.startsWith(".git/"));
    checkout.remove();
    expect(written.sort()).toEqual(FILES.filter((path) => isCheckedOut(path, sparse)).sort());
  }
});
