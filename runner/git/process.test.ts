import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gitEnvironment } from "./environment.ts";
import { classifyStderr, GitError } from "./git-error.ts";
import { gitProcessesStarted, gitText, runGit } from "./process.ts";
import { TestRepository } from "./testing/test-repository.ts";

test("an error says what the server said, and no advice", () => {
  const stderr = [
    "remote: error: GH006: Protected branch update failed for refs/heads/main.        ",
    "To https://forge.example/x.git",
    " ! [remote rejected] abc -> main (protected branch hook declined)",
    "error: failed to push some refs to 'https://forge.example/x.git'",
    "hint: try something else",
  ].join("\n");
  const { message, code } = new GitError(classifyStderr(stderr), "push", 1, stderr);
  expect(code).toBe("push_rejected");
  expect(message).toContain("GH006: Protected branch update failed for refs/heads/main.; ");
  expect(message).toContain("! [remote rejected] abc -> main");
  expect(message).not.toContain("hint");
});

describe("runGit", () => {
  test("answers with stdout, counts the process, and lets an expected exit code pass", async () => {
    using r = TestRepository.init();
    const before = gitProcessesStarted();
    expect(await gitText(["hash-object", "--stdin"], { gitDir: r.gitDir, input: "x\n" })).toMatch(/^[0-9a-f]{40}$/);
    expect(gitProcessesStarted()).toBe(before + 1);
    const args = ["config", "--get", "no.such"];
    expect((await runGit(args, { gitDir: r.gitDir, okExitCodes: [1] })).exitCode).toBe(1);
  });

  test("throws an error with a code, the command and what git said", async () => {
    using r = TestRepository.init();
    const error = await runGit(["rev-parse", "--verify", "nope"], { gitDir: r.gitDir }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(GitError);
    expect(error).toMatchObject({ code: "ref_missing", command: "rev-parse", exitCode: 128 });
  });

  test("says git's own error line, though a usage text of pages follows it", async () => {
    using r = TestRepository.init();
    const usage = await runGit(["fetch", "--no-such-option"], { gitDir: r.gitDir }).catch((e: unknown) => e);
    expect(usage).toMatchObject({ message: "git fetch: error: unknown option `no-such-option'" });
  });

  test("ends a process that is aborted, takes too long or says too much", async () => {
    using r = TestRepository.init();
    // It would go on for ever, and it is a process that git started.
    const endless = ["-c", "alias.wait=!cat /dev/zero", "wait"];
    await expect(runGit(endless, { gitDir: r.gitDir, maxOutputBytes: 1000 })).rejects.toMatchObject({
      code: "output_too_large",
    });
    await expect(runGit(endless, { gitDir: r.gitDir, timeoutMs: 50, onStdout: () => {} })).rejects.toMatchObject({
      code: "timeout",
    });
    const stop = new AbortController();
    const running = runGit(endless, { gitDir: r.gitDir, signal: stop.signal, onStdout: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: "aborted" });
    await expect(runGit(["version"], { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
  });

  test("a folder without a repository", async () => {
    const dir = mkdtempSync(join(tmpdir(), "patch-moi-none-"));
    await expect(runGit(["rev-parse", "--git-dir"], { gitDir: dir })).rejects.toMatchObject({
      code: "not_a_repository",
    });
    rmSync(dir, { recursive: true });
  });
});

describe("the environment of a git process", () => {
  test("holds what is on the list, and no secret of ours", () => {
    const env = gitEnvironment(
      { gitDir: "/r" },
      { PATH: "/bin", PATCH_MOI_TOKEN: "s", GIT_DIR: "/x", GIT_SSH_COMMAND: "x" },
    );
    expect(env).toMatchObject({ PATH: "/bin", GIT_DIR: "/r", LC_ALL: "C", GIT_ALLOW_PROTOCOL: "https:ssh" });
    expect(Object.keys(env)).not.toContain("PATCH_MOI_TOKEN");
    expect(Object.keys(env)).not.toContain("GIT_SSH_COMMAND");
  });

  test("never allows ext, even when asked", () => {
    expect(gitEnvironment({ protocols: ["file", "ext"] }, {}).GIT_ALLOW_PROTOCOL).toBe("file");
  });

  test("counts its settings, the caller's last", () => {
    const env = gitEnvironment({ config: { "core.hooksPath": "/mine", "a.b": "c" } }, {});
    const last = Number(env.GIT_CONFIG_COUNT) - 1;
    expect([env[`GIT_CONFIG_KEY_${last}`], env[`GIT_CONFIG_VALUE_${last}`]]).toEqual(["a.b", "c"]);
    expect(Object.values(env)).toContain("/mine");
  });
});

describe("what git says on stderr", () => {
  test.each([
    ["! [rejected] main -> main (stale info)", "lease_failed"],
    ["! [remote rejected] main -> main (protected branch hook declined)", "push_rejected"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 403", "auth_failed"],
    ["fatal: could not read Username for 'https://x': terminal prompts disabled", "auth_failed"],
    ["git@github.com: Permission denied (publickey).", "auth_failed"],
    ["fatal: unable to access 'https://x/': Could not resolve host: x", "remote_unreachable"],
    ["fatal: unable to access 'https://x/': The requested URL returned error: 503", "remote_unreachable"],
    ["remote: Repository not found.", "remote_not_found"],
    ["fatal: couldn't find remote ref refs/heads/x", "ref_missing"],
    ["fatal: transport 'ext' not allowed", "protocol_refused"],
    ["error: unable to read sha1 file of a (0123456789)", "missing_object"],
    ["fatal: not a git repository: '/x'", "not_a_repository"],
    ["fatal: something new", "git_failed"],
  ])("%s", (text, code) => {
    expect(classifyStderr(text)).toBe(code);
  });
});
