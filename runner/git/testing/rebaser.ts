/**
 * A work tree that `git rebase` runs in, again and again, with as few processes as that takes.
 *
 * @module
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { TestRepository } from "./test-repository.ts";

export interface Rebased {
  /** Patches that stopped the rebase, and the unmerged paths. */
  stops: { oid: string; paths: string[] }[];
  head: string;
}

/**
 * Reads `upstream fork` line by line and rebases; skips each patch that stops it. A shell starts git in a
 * tenth of the time that a process as large as a test's takes.
 */
const REBASES = `
while read -r upstream fork; do
  stopped=
  git rebase --quiet --reapply-cherry-picks "$upstream" "$fork" >/dev/null 2>&1
  code=$?
  while [ "$code" -eq 1 ]; do
    stopped=yes
    read -r oid <.git/REBASE_HEAD || break
    echo "stop $oid"
    git ls-files --unmerged
    git rebase --skip >/dev/null 2>&1
    code=$?
  done
  [ -z "$stopped" ] || git clean --quiet --force -d
  read -r head <.git/HEAD
  echo "end $code $head"
done
`;

export class Rebaser {
  readonly #clone: TestRepository;
  readonly #shell: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(of: TestRepository) {
    this.#clone = new TestRepository(mkdtempSync(join(tmpdir(), "patch-moi-rebases-")));
    const flags = ["--quiet", "--shared", "--no-checkout", "--config", "core.logAllRefUpdates=false"];
    this.#clone.git("clone", ...flags, of.dir, ".");
    // A rebase starts from a commit, be it any.
    const any = this.#clone.git("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes");
    this.#clone.git("checkout", "--quiet", "--detach", any);
    this.#shell = spawn("sh", ["-c", REBASES], {
      cwd: this.#clone.dir,
      env: this.#clone.environment(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.#shell.kill();
    this.#clone[Symbol.dispose]();
  }

  /** Rebases commits, and skips each patch that stops it. One at a time. */
  async rebase(fork: string, upstream: string): Promise<Rebased> {
    const stops: Rebased["stops"] = [];
    this.#shell.stdin.write(`${upstream} ${fork}\n`);
    for (;;) {
      const read = await this.#lines.next();
      if (read.done === true) throw new Error("the shell that rebases ended");
      const line = read.value;
      const [word, ...rest] = line.split(" ");
      if (word === "stop") stops.push({ oid: rest[0] ?? "", paths: [] });
      else if (word === "end") {
        if (rest[0] !== "0") throw new Error(`git rebase ended with exit code ${rest[0]}`);
        return { stops, head: rest[1] ?? "" };
      } else addPath(stops.at(-1)?.paths, line.split("\t")[1]);
    }
  }

  /** Trees of commits, by commit. */
  treesOf(commits: readonly string[]): Map<string, string> {
    const input = commits.map((oid) => `${oid}^{tree}\n`).join("");
    const found = this.#clone.run(["cat-file", "--batch-check=%(objectname)"], { input }).split("\n");
    return new Map(commits.map((oid, index) => [oid, found[index] ?? ""]));
  }
}

function addPath(paths: string[] | undefined, path: string | undefined): void {
  if (path !== undefined && paths?.includes(path) === false) paths.push(path);
}
