/** A release in a clone of its own: what it says, what it does, what it refuses. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");
const CHANGELOG =
  "# Changelog\n\n## Unreleased\n\n- One thing\n  on two lines.\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n";
let folder: string;

function git(...args: string[]): string {
  const who = {
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@b.c",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@b.c",
  };
  return execFileSync("git", args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...who } }).trimEnd();
}

function release(...args: string[]) {
  const who = {
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@b.c",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@b.c",
  };
  const env = { ...process.env, ...who };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  return { status, stdout, stderr };
}

const read = (file: string): string => readFileSync(join(folder, file), "utf8");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "release-"));
  git("init", "--quiet");
  writeFileSync(join(folder, "package.json"), '{\n  "name": "x",\n  "version": "0.1.0",\n  "dependencies": {}\n}\n');
  writeFileSync(
    join(folder, "package-lock.json"),
    '{\n  "version": "0.1.0",\n  "packages": { "": { "version": "0.1.0" }, "y": { "version": "0.1.0" } }\n}\n',
  );
  writeFileSync(join(folder, "CHANGELOG.md"), CHANGELOG);
  git("add", ".");
  git("commit", "--quiet", "-m", "all");
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("says what it would do, and does nothing", () => {
  const said = release();
  expect(said).toMatchObject({ status: 0, stderr: "" });
  expect(said.stdout).toMatch(/^0\.2\.0\n\n- One thing\n {2}on two lines\.\n\nwould change .* tag v0\.2\.0/);
  expect(git("status", "--porcelain")).toBe("");
  expect(git("tag")).toBe("");
});

it("refuses a tree with changes, and what is no version", () => {
  writeFileSync(join(folder, "new.txt"), "x");
  expect(release("--yes").stderr).toMatch(/^dirty: .*\n.*new\.txt/);
  rmSync(join(folder, "new.txt"));
  expect(release("sometimes").stderr).toMatch(/^usage: /);
  expect(release("--no")).toMatchObject({ status: 2 });
});

it("makes version, section and tag, and refuses to do so again with nothing new", () => {
  const done = release("minor", "--yes");
  expect([done.stderr, done.status]).toEqual(["", 0]);
  expect(read("package.json")).toContain('"version": "0.2.0"');
  expect(read("package-lock.json").match(/0\.2\.0/g)).toHaveLength(2);
  expect(read("package-lock.json")).toContain('"y": { "version": "0.1.0" }');
  const day = new Date().toISOString().slice(0, 10);
  expect(read("CHANGELOG.md")).toBe(CHANGELOG.replace("## Unreleased\n\n", `## Unreleased\n\n## 0.2.0 - ${day}\n\n`));
  expect(git("log", "-1", "--format=%s %D")).toMatch(/^Release 0\.2\.0 .*tag: v0\.2\.0/);
  expect(git("tag", "--list", "--format=%(contents)", "v0.2.0")).toContain("- One thing\n  on two lines.");
  expect(git("status", "--porcelain")).toBe("");
  expect(release("--yes").stderr).toMatch(/^nothing_new: /);
});
