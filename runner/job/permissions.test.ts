import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
});
afterEach(() => folder[Symbol.dispose]());

async function perform(parts: EnvelopeParts, env: Record<string, string>): Promise<AttemptResult> {
  const { upstream, fork } = repositories;
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: (text: string) => text,
    push: true,
  };
  const envelope = testEnvelope({ upstream, fork, ...parts });
  return AttemptResult.parse(await performJob(envelope, tools, { PATH: process.env.PATH, ...env }));
}

const WORKFLOW = ".github/workflows/ci.yml";
const deny = { PATCH_MOI_WORKFLOWS: "deny" };

describe("a credential that may not write workflow files", () => {
  test("stops an attempt that would, before verification, with the files named", async () => {
    repositories.release("v2", { [WORKFLOW]: "on: push\n", a: lines({ 18: "theirs" }) });
    const marker = join(folder.path, "verified");
    const policy = { verify: [`touch ${marker}`] };
    const result = await perform({ policy }, deny);
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "workflow_permission" } });
    expect(result.reason?.message).toContain(WORKFLOW);
    expect(result.report?.verify).toEqual([]);
    expect(repositories.inFork("refs/heads/patch-moi/web/v2")).toBeUndefined();
    expect(await perform({ policy }, {})).toMatchObject({ outcome: "changed" });
  });

  test("says so beside a conflict", async () => {
    repositories.release("v2", { [WORKFLOW]: "on: push\n", a: lines({ 5: "theirs" }) });
    const result = await perform({}, deny);
    expect(result).toMatchObject({ reason: { code: "conflict" } });
    expect(result.report?.warnings.join()).toContain(WORKFLOW);
  });

  test("does not stand in the way where the fork has upstream's commit already, or nothing changes there", async () => {
    repositories.release("v2", { [WORKFLOW]: "on: push\n" });
    repositories.work("push", "-q", repositories.fork, "main");
    expect(await perform({}, deny)).toMatchObject({ outcome: "changed" });
    repositories.release("v3", { a: lines({ 18: "theirs" }) });
    expect(await perform({ tag: "v3", number: 2 }, deny)).toMatchObject({ outcome: "changed" });
  });
});

test.each([
  [
    "refusing to allow a Personal Access Token to create or update workflow `x.yml` without `workflow` scope",
    "workflow_permission",
  ],
  ["error: GH006: Protected branch update failed for refs/heads/x.", "branch_protected"],
  ["GitLab: You are not allowed to push code to protected branches on this project.", "branch_protected"],
])("a push refused with '%s' is %s", async (words, code) => {
  repositories.release("v2", { a: lines({ 18: "theirs" }) });
  const hook = `#!/bin/sh\ncat <<'EOF' >&2\n${words}\nEOF\nexit 1\n`;
  writeFileSync(join(repositories.fork, "hooks", "pre-receive"), hook, { mode: 0o755 });
  const result = await perform({}, {});
  expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code } });
  expect(result.reason?.message).toContain(words);
});

describe("a signing key", () => {
  test("signs every carried patch, the same each time, by the committer that was named", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const key = join(folder.path, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "runner", "-f", key]);
    const env = { PATCH_MOI_SIGNING_KEY: key, PATCH_MOI_COMMITTER: "Our Runner <runner@example.org>" };
    const result = await perform({}, env);
    expect(result).toMatchObject({ outcome: "changed", report: { warnings: [] } });
    const oid = result.candidates[0]?.oid ?? "";
    const signers = join(folder.path, "signers");
    const [type, body] = execFileSync("cat", [`${key}.pub`], { encoding: "utf8" }).split(" ");
    writeFileSync(signers, `runner@example.org ${type} ${body}\n`);
    const verify = ["-c", `gpg.ssh.allowedSignersFile=${signers}`, "verify-commit", oid, `${oid}^`];
    repositories.git(repositories.fork, ...verify);
    expect(repositories.git(repositories.fork, "log", "-1", "--format=%cn <%ce>", oid)).toBe(env.PATCH_MOI_COMMITTER);
    expect((await perform({ number: 2, candidateRef: "patch-moi/web/v2" }, env)).candidates[0]?.oid).toBe(oid);
  });

  // gpg is not everywhere that git is; ssh-keygen, above, comes with the transport.
  test.skipIf(spawnSync("gpg", ["--version"]).error !== undefined)("of gpg signs too", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const home = mkdtempSync(join(tmpdir(), "gpg-"));
    const gpg = { ...process.env, GNUPGHOME: home };
    try {
      const made = [
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-generate-key",
        "runner@example.org",
        "ed25519",
        "sign",
        "never",
      ];
      execFileSync("gpg", made, { env: gpg, stdio: "ignore" });
      const result = await perform({}, { PATCH_MOI_SIGNING_KEY: "runner@example.org", GNUPGHOME: home });
      expect(result).toMatchObject({ outcome: "changed", report: { warnings: [] } });
      const oid = result.candidates[0]?.oid ?? "";
      execFileSync("git", ["-C", repositories.fork, "verify-commit", oid, `${oid}^`], { env: gpg, stdio: "ignore" });
    } finally {
      spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]);
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    }
  });

  test("that cannot sign blocks the attempt and says why", async () => {
    repositories.release("v2", { a: lines({ 18: "theirs" }) });
    const result = await perform({}, { PATCH_MOI_SIGNING_KEY: join(folder.path, "no-such-key") });
    expect(result).toMatchObject({ outcome: "blocked", reason: { code: "signing_failed" } });
    expect(result.reason?.message).toContain("no-such-key");
  });
});
