import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasMarkers, normalConflict } from "./rerere.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-test-"));
  git("init", "-q", "-b", "main");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): void {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
    cwd: folder,
    env,
    stdio: ["ignore", "ignore", "ignore"],
  });
}

function commit(content: string): void {
  writeFileSync(join(folder, "a"), content);
  git("add", "a");
  git("commit", "-q", "-m", "x");
}

/** What git itself recorded of a conflict, and what it left in the work tree. */
function conflict(base: string, ours: string, theirs: string, style: string) {
  commit(base);
  git("branch", "side");
  commit(ours);
  git("checkout", "-q", "side");
  commit(theirs);
  try {
    git("-c", "rerere.enabled=true", "-c", `merge.conflictStyle=${style}`, "merge", "main");
  } catch {
    // The conflict is what is wanted.
  }
  const cache = join(folder, ".git", "rr-cache");
  const [id = ""] = readdirSync(cache);
  return { id, preimage: readFileSync(join(cache, id, "preimage")), file: readFileSync(join(folder, "a")) };
}

const long = (changed: Record<number, string>) =>
  Array.from({ length: 40 }, (_, i) => `${changed[i] ?? `line ${i}`}\n`).join("");

describe.each(["merge", "diff3"])("in the style %s", (style) => {
  test.each([
    ["one conflict", long({}), long({ 5: "b ours" }), long({ 5: "a theirs" })],
    ["two conflicts", long({}), long({ 5: "a", 30: "z" }), long({ 5: "b", 30: "c" })],
    ["one side empty", long({}), long({ 5: "changed" }), long({}).replace("line 5\n", "")],
    ["bytes that are no UTF-8", "x\n", "\u00e9\u00ff\n", "\u0080\n"],
    ["no newline at the end", "x", "y", "z"],
  ])("%s has git's own id and preimage", (_, base, ours, theirs) => {
    const { id, preimage, file } = conflict(base, ours, theirs, style);
    expect(hasMarkers(file)).toBe(true);
    const normal = normalConflict(file, "sha1");
    expect(normal?.id).toBe(id);
    expect(normal?.preimage.equals(preimage)).toBe(true);
  });
});

test("what is no conflict, an unfinished one or no text has none", () => {
  expect(normalConflict(Buffer.from("a\nb\n"), "sha1")).toBeUndefined();
  expect(normalConflict(Buffer.from("<<<<<<< a\nx\n=======\ny\n"), "sha1")).toBeUndefined();
  expect(normalConflict(Buffer.from("<<<<<<< a\nx\0\n=======\ny\n>>>>>>> b\n"), "sha1")).toBeUndefined();
  expect(hasMarkers(Buffer.from("a\n=======\nb\n"))).toBe(false);
});
