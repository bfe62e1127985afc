import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
let log: string[];
beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  repositories.release("v2", { a: lines({ 5: "theirs" }) });
  log = [];
});
afterEach(() => folder[Symbol.dispose]());

async function perform(resolver: string, verify: string[] = [], env = {}): Promise<AttemptResult> {
  const { upstream, fork } = repositories;
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: (text: string) => void log.push(text),
    redact: (text: string) => text,
    push: true,
  };
  const envelope = testEnvelope({ upstream, fork, policy: { resolver, verify } });
  return AttemptResult.parse(await performJob(envelope, tools, { PATH: process.env.PATH, ...env }));
}

const RESOLVE = `sed -i '/^<<<<<<</,/^>>>>>>>/c both' a && mkdir -p notes/new && cp "$PATCH_MOI_CONFLICT" notes/new/seen.json && git add -A`;

test("what it resolves is carried, marked and verified", async () => {
  const result = await perform(RESOLVE, ["grep -qx both a && test -f b"]);
  expect(result).toMatchObject({ outcome: "changed", report: { verify: [{ exitCode: 0 }] } });
  expect(result.report?.patches[0]).toMatchObject({ outcome: "adapted", note: "resolved by the resolver command" });
  expect(result.report?.warnings).toEqual(["'Ours: line five' was resolved by the resolver command"]);
  const oid = result.candidates[0]?.oid ?? "";
  expect(repositories.show(`${oid}:a`)).toBe(lines({ 5: "both" }).trim());
  expect(JSON.parse(repositories.show(`${oid}:notes/new/seen.json`))).toMatchObject({
    v: 1,
    onto: { ref: "v2" },
    patch: { subject: "Ours: line five" },
    conflicts: [{ path: "a", kind: "contents", upstreamCommits: [{ subject: "upstream's v2" }] }],
  });
  repositories.git(repositories.fork, "fsck", "--strict");
});

test("it sees the conflict as git leaves one, and none of the runner's secrets", async () => {
  const seen = join(folder.path, "seen");
  await perform(`(git status --short; cat a; env) > ${seen}; false`, [], { PATCH_MOI_GIT_TOKEN: "very-secret" });
  const text = readFileSync(seen, "utf8");
  expect(text).toContain("UU a");
  expect(text).toMatch(/<<<<<<< [\s\S]*ours[\s\S]*>>>>>>> /);
  expect(text).not.toContain("very-secret");
});

test.each([
  ["fails", "exit 3", "exit code 3"],
  ["leaves markers", "git add a", "a has conflict markers"],
  ["leaves the index unmerged", "echo both > a", "unmerged paths"],
  ["leaves what is not in the index", "echo both > a && git add a && echo more > a", "differ from the index"],
  ["removes its repository", "rm -rf .git", "is not taken"],
])("one that %s leaves the conflict to a person", async (_, resolver, says) => {
  const result = await perform(resolver);
  expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
  expect(result.report?.patches[0]).toMatchObject({ outcome: "conflicted", conflicts: [{ path: "a" }] });
  expect(result.report?.warnings[0]).toContain("left conflicts");
  expect(log.join("\n")).toContain(says);
});

test("configuration it leaves behind does not run in the runner", async () => {
  const ran = join(folder.path, "ran");
  writeFileSync(join(folder.path, "evil"), `#!/bin/sh\ntouch ${ran}\ncat\n`, { mode: 0o755 });
  const evil = `git config filter.evil.clean ${folder.path}/evil; git config core.fsmonitor ${folder.path}/evil; echo '* filter=evil' > .git/info/attributes`;
  const result = await perform(`${RESOLVE} && { ${evil}; touch a; rm -f ${ran}; }`);
  expect(result.outcome).toBe("changed");
  expect(existsSync(ran)).toBe(false);
});
