/**
 * An upstream and its fork as real bare repositories, and hands to change them with.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IDENTITY = {
  GIT_AUTHOR_NAME: "A. Person",
  GIT_AUTHOR_EMAIL: "person@example.org",
  GIT_COMMITTER_NAME: "A. Person",
  GIT_COMMITTER_EMAIL: "person@example.org",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

export class Repositories {
  readonly upstream: string;
  readonly fork: string;
  readonly #work: string;
  #tick = Date.parse("2026-01-01T00:00:00Z") / 1000;

  /**
   * `main` with a file `a` of twenty lines at `v1`, and in the fork `patches` with two changes of it;
   * or a copy of others, which takes less time.
   */
  constructor(under: string, from?: Repositories) {
    this.upstream = join(under, "upstream.git");
    this.fork = join(under, "fork.git");
    this.#work = join(under, "work");
    if (from !== undefined) {
      cpSync(from.upstream, this.upstream, { recursive: true });
      cpSync(from.fork, this.fork, { recursive: true });
      cpSync(from.#work, this.#work, { recursive: true });
      return;
    }
    this.git(under, "init", "-q", "--bare", "-b", "main", this.upstream);
    this.git(under, "init", "-q", "--bare", "-b", "main", this.fork);
    this.git(under, "init", "-q", "-b", "main", this.#work);
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
