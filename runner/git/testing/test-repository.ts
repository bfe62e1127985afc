/**
 * Real repositories for tests, built by script: fixed identities, dates that only go forward.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StackReport } from "../../../worker/contract/report.ts";
import type { EngineFailure } from "../failure.ts";
import { replayStack } from "../replay.ts";
import type { ReplayRequest } from "../replay-request.ts";

const FIRST_DATE = 1_700_000_000;

export class TestRepository {
  readonly dir: string;
  #seconds = FIRST_DATE;

  constructor(dir: string = mkdtempSync(join(tmpdir(), "patch-moi-test-"))) {
    this.dir = dir;
  }

  /** An empty repository on branch `main`. */
  static init(...args: string[]): TestRepository {
    const repository = new TestRepository();
    repository.git("init", "--quiet", "--template=", "--initial-branch=main", ...args);
    return repository;
  }

  get gitDir(): string {
    return join(this.dir, ".git");
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Stdout without its last newline. @throws when git fails. */
  git(...args: string[]): string {
    return this.run(args);
  }

  run(args: readonly string[], options: { input?: string | Buffer; env?: Record<string, string> } = {}): string {
    const output = execFileSync("git", args, {
      cwd: this.dir,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      maxBuffer: 1024 * 1024 * 1024,
      ...(options.input === undefined ? {} : { input: options.input }),
      env: { ...this.environment(), ...options.env },
    });
    return output.replace(/\n$/, "");
  }

  /** What every git process here is started with. */
  environment(): Record<string, string> {
    const date = `${this.#seconds} +0100`;
    return {
      PATH: process.env.PATH ?? "",
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "Ada",
      GIT_AUTHOR_EMAIL: "ada@example.org",
      GIT_COMMITTER_NAME: "Bob",
      GIT_COMMITTER_EMAIL: "bob@example.org",
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
      GIT_EDITOR: ":",
      // Thrown away after the test: nobody waits for the disk, and nothing is tidied up.
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: "core.fsync",
      GIT_CONFIG_VALUE_0: "none",
      GIT_CONFIG_KEY_1: "maintenance.auto",
      GIT_CONFIG_VALUE_1: "false",
      GIT_ALLOW_PROTOCOL: "file",
    };
  }

  /** Exit code and both outputs, for commands that may fail. */
  attempt(...args: string[]): { ok: boolean; text: string } {
    try {
      return { ok: true, text: this.run(args) };
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      return { ok: false, text: `${stdout ?? ""}${stderr ?? ""}` };
    }
  }

  write(path: string, content: string | Buffer): this {
    const file = join(this.dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return this;
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), "utf8");
  }

  /** Replaces line `number` (from 1) of a file. */
  edit(path: string, number: number, text: string): this {
    const lines = this.read(path).split("\n");
    lines[number - 1] = text;
    return this.write(path, lines.join("\n"));
  }

  /** Commits everything in the work tree; answers the new oid. */
  commit(message: string, ...args: string[]): string {
    this.#seconds += 60;
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--no-verify", "--cleanup=verbatim", "-m", message, ...args);
    return this.oid("HEAD");
  }

  /** Like {@link git}, a minute later: for commands that make commits. */
  later(...args: string[]): string {
    this.#seconds += 60;
    return this.git(...args);
  }

  checkout(...args: string[]): this {
    this.git("checkout", "--quiet", ...args);
    return this;
  }

  oid(name: string): string {
    return this.git("rev-parse", "--verify", "--end-of-options", `${name}^{commit}`);
  }

  show(name: string): string {
    return this.run(["cat-file", "blob", name]);
  }

  async replay(branch: string, onto: string, more: Partial<ReplayRequest> = {}) {
    return replayStack({
      gitDir: this.gitDir,
      stackId: "test",
      branch,
      headOid: this.oid(branch),
      onto: { ref: onto, oid: this.oid(onto) },
      ...more,
    });
  }

  /** The report of a replay that must be possible. */
  async report(branch: string, onto: string, more: Partial<ReplayRequest> = {}): Promise<StackReport> {
    const answer = await this.replay(branch, onto, more);
    if (!answer.ok) throw new Error(`${answer.reason.code}: ${answer.reason.message}`);
    return answer.report;
  }

  /** The reason of a replay that must not be possible. */
  async refusal(branch: string, onto: string, more: Partial<ReplayRequest> = {}): Promise<EngineFailure> {
    const answer = await this.replay(branch, onto, more);
    if (answer.ok) throw new Error("the replay was not refused");
    return answer.reason;
  }

  /** Tree that `git rebase` gives in a work tree of its own; undefined when it stops. */
  rebasedTree(branch: string, onto: string, ...args: string[]): string | undefined {
    const worktree = mkdtempSync(join(tmpdir(), "patch-moi-rebase-"));
    try {
      this.git("worktree", "add", "--quiet", "--detach", "--force", worktree, branch);
      const clone = new TestRepository(worktree);
      if (!clone.attempt("rebase", "--quiet", ...args, onto).ok) return undefined;
      return clone.git("rev-parse", "HEAD^{tree}");
    } finally {
      this.git("worktree", "remove", "--force", worktree);
    }
  }
}

export const TWENTY_LINES = `${Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join("\n")}\n`;

/** `main` with a 20-line file `a` and tag v1; `fork` from v1 changes line 5. On branch `main`. */
export function forkOfTwentyLines(): TestRepository {
  const repository = TestRepository.init();
  repository.write("a", TWENTY_LINES).commit("first");
  repository.git("tag", "v1");
  repository.checkout("-b", "fork").edit("a", 5, "line 5 fixed").commit("fix line 5");
  repository.checkout("main");
  return repository;
}

/** An unrelated commit and tag v2, at the end of what upstream did. */
export function release(repository: TestRepository, tag = "v2"): void {
  repository.write("unrelated", `${tag}\n`).commit(`prepare ${tag}`);
  repository.git("tag", tag);
}
