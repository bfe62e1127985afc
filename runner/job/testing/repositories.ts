/**
 * An upstream and its fork as real bare repositories, and hands to change them with.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

const IDENTITY = {
  GIT_AUTHOR_NAME: "A. Person",
  GIT_AUTHOR_EMAIL: "person@example.org",
  GIT_COMMITTER_NAME: "A. Person",
  GIT_COMMITTER_EMAIL: "person@example.org",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  // Thrown away after the test: nobody waits for the disk, and nothing is tidied up.
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: "core.fsync",
  GIT_CONFIG_VALUE_0: "none",
  GIT_CONFIG_KEY_1: "maintenance.auto",
  GIT_CONFIG_VALUE_1: "false",
};

/** What every test of a file begins with, made once: thirty processes, where a copy takes none. */
let first: { folder: string; repositories: Repositories } | undefined;

afterAll(() => {
  if (first !== undefined) rmSync(first.folder, { recursive: true, force: true });
});

export class Repositories {
  readonly upstream: string;
  readonly fork: string;
  readonly #work: string;
  #tick = Date.parse("2026-01-01T00:00:00Z") / 1000;

  private constructor(under: string) {
    this.upstream = join(under, "upstream.git");
    this.fork = join(under, "fork.git");
    this.#work = join(under, "work");
  }

  /** `main` with a file `a` of twenty lines at `v1`, and in the fork `patches` with two changes of it. */
  static in(under: string): Repositories {
    if (first === undefined) {
      const folder = mkdtempSync(join(tmpdir(), "patch-moi-first-"));
      first = { folder, repositories: new Repositories(folder) };
      first.repositories.#make(folder);
    }
    return first.repositories.copyTo(under);
  }

  copyTo(under: string): Repositories {
    const copy = new Repositories(under);
    cpSync(this.upstream, copy.upstream, { recursive: true });
    cpSync(this.fork, copy.fork, { recursive: true });
    cpSync(this.#work, copy.#work, { recursive: true });
    copy.#tick = this.#tick;
    return copy;
  }

  #make(under: string): void {
    const init = ["init", "-q", "-b", "main"];
    this.git(under, ...init, "--bare", this.upstream);
    this.git(under, ...init, "--bare", this.fork);
    this.git(under, ...init, this.#work);
    this.commit("first", { a: lines() });
    this.tag("v1");
    this.publish();
    this.work("checkout", "-q", "-b", "patches");
    this.commit("Ours: line five", { a: lines({ 5: "ours" }) });
    this.commit("Ours: a new file", { b: "new\n" });
    this.work("push", "-q", this.fork, "main", "patches");
    this.work("checkout", "-q", "main");
  }

  /** A commit on what is checked out; answers its oid. Undefined content removes the file. */
  commit(subject: string, files: Record<string, string | undefined>): string {
    for (const [name, content] of Object.entries(files)) {
      if (content === undefined) this.work("rm", "-q", name);
      else {
        mkdirSync(dirname(join(this.#work, name)), { recursive: true });
        writeFileSync(join(this.#work, name), content);
      }
    }
    this.work("add", "-A");
    this.work("commit", "-q", "-m", subject);
    return this.work("rev-parse", "HEAD");
  }

  /** Upstream makes a release; answers its commit. */
  release(tag: string, files: Record<string, string | undefined>, annotated = false): string {
    this.work("checkout", "-q", "main");
    const oid = this.commit(`upstream's ${tag}`, files);
    this.tag(tag, annotated);
    this.publish();
    return oid;
  }

  tag(name: string, annotated = false): void {
    if (annotated) this.work("tag", "-f", "-a", "-m", name, name);
    else this.work("tag", "-f", name);
  }

  publish(): void {
    this.work("push", "-q", "-f", this.upstream, "main", "--tags");
  }

  /** A branch of the fork: `from` plus changes. */
  pushToFork(
    branch: string,
    from: string,
    changes: readonly { subject: string; files: Record<string, string> }[],
  ): string {
    this.work("checkout", "-q", "--detach", from);
    for (const { subject, files } of changes) this.commit(subject, files);
    this.work("push", "-q", "-f", this.fork, `HEAD:refs/heads/${branch}`);
    const oid = this.work("rev-parse", "HEAD");
    this.work("checkout", "-q", "main");
    return oid;
  }

  /** What a ref of the fork holds; undefined when it is not there. */
  inFork(ref: string): string | undefined {
    const found = this.git(this.fork, "for-each-ref", "--format=%(objectname)", ref);
    return found === "" ? undefined : found;
  }

  show(revision: string): string {
    return this.git(this.fork, "show", revision);
  }

  work(...args: string[]): string {
    return this.git(this.#work, ...args);
  }

  git(cwd: string, ...args: string[]): string {
    const date = `${this.#tick++} +0000`;
    const env = { ...process.env, ...IDENTITY, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    return execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  }
}

/** Twenty lines, some of them replaced. */
export function lines(changed: Record<number, string> = {}): string {
  return Array.from({ length: 20 }, (_, index) => `${changed[index + 1] ?? `line ${index + 1}`}\n`).join("");
}
