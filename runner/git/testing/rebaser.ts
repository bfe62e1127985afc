/**
 * A work tree that `git rebase` runs in, again and again, with as few processes as that takes.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { TestRepository } from "./test-repository.ts";

const run = promisify(execFile);

export interface Rebased {
  /** Patches that stopped the rebase, and the unmerged paths. */
  stops: { oid: string; paths: string[] }[];
  head: string;
}

export class Rebaser {
  readonly #clone: TestRepository;

  constructor(of: TestRepository) {
    this.#clone = new TestRepository(mkdtempSync(join(tmpdir(), "patch-moi-rebases-")));
    this.#clone.git("clone", "--quiet", "--shared", "--no-checkout", of.dir, ".");
    for (const [key, value] of [
      ["gc.auto", "0"],
      ["core.fsync", "none"],
      ["core.logAllRefUpdates", "false"],
    ] as const)
      this.#clone.git("config", key, value);
    // A rebase starts from a commit, be it any.
    const any = this.#clone.git("for-each-ref", "--count=1", "--format=%(objectname)", "refs/remotes");
    this.#clone.git("checkout", "--quiet", "--detach", any);
  }

  [Symbol.dispose](): void {
    this.#clone[Symbol.dispose]();
  }

  /** Rebases commits, and skips each patch that stops it. */
  async rebase(fork: string, upstream: string): Promise<Rebased> {
    const stops: Rebased["stops"] = [];
    let ended = await this.#git("rebase", "--quiet", "--reapply-cherry-picks", upstream, fork);
    while (!ended.ok) {
      const oid = this.#read("REBASE_HEAD");
      const { stdout } = await this.#git("ls-files", "--unmerged", "-z");
      const paths = stdout.split("\0").flatMap((line) => line.split("\t")[1] ?? []);
      stops.push({ oid, paths: [...new Set(paths)] });
      ended = await this.#git("rebase", "--skip");
    }
    if (stops.length > 0) await this.#git("clean", "--quiet", "--force", "-d");
    return { stops, head: this.#read("HEAD") };
  }

  /** Trees of commits, by commit. */
  treesOf(commits: readonly string[]): Map<string, string> {
    const input = commits.map((oid) => `${oid}^{tree}\n`).join("");
    const found = this.#clone.run(["cat-file", "--batch-check=%(objectname)"], { input }).split("\n");
    return new Map(commits.map((oid, index) => [oid, found[index] ?? ""]));
  }

  #read(file: string): string {
    return readFileSync(join(this.#clone.gitDir, file), "utf8").trim();
  }

  async #git(...args: string[]): Promise<{ ok: boolean; stdout: string }> {
    try {
      const { stdout } = await run("git", args, { cwd: this.#clone.dir, env: this.#clone.environment() });
      return { ok: true, stdout };
    } catch (error) {
      if ((error as { code?: unknown }).code !== 1) throw error;
      return { ok: false, stdout: "" };
    }
  }
}
