/**
 * A checkout that people use too: looked at before anything is done, and its work tree never touched.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { BuiltIn } from "../../../runner/flow/built-in.ts";

const execute = promisify(execFile);

type Blocked = { blocked: { code: string; message: string } };

export class Checkout {
  readonly #repo: string;
  readonly #builtIn: BuiltIn;

  private constructor(repo: string, builtIn: BuiltIn) {
    this.#repo = repo;
    this.#builtIn = builtIn;
  }

  /** Blocked where somebody is in the middle of something: what they do must not be mixed with this. */
  static async open(repo: string, builtIn: BuiltIn): Promise<Checkout | Blocked> {
    const checkout = new Checkout(repo, builtIn);
    const gitDir = existsSync(repo) ? await checkout.#ask("rev-parse", "--git-dir") : undefined;
    if (gitDir === undefined) return blocked("checkout_missing", `${repo} is no git checkout; clone the fork there`);
    if (["rebase-merge", "rebase-apply"].some((name) => existsSync(join(resolve(repo, gitDir), name))))
      return blocked("rebase_in_progress", `a rebase is in progress in ${repo}; finish or abort it there`);
    const changes = await checkout.#ask("status", "--porcelain");
    if (changes === undefined || changes !== "")
      return blocked("checkout_dirty", `${repo} has changes that are not committed; commit or discard them`);
    return checkout;
  }

  /** The remote's address; it is added when it is missing. */
  async addRemote(name: string, url: string): Promise<string> {
    const known = await this.#ask("remote", "get-url", name);
    if (known !== undefined) return known;
    await execute("git", ["remote", "add", "--", name, url], { cwd: this.#repo });
    return url;
  }

  async urlsOf(names: readonly string[]): Promise<{ urls: [string, string][] } | Blocked> {
    const urls: [string, string][] = [];
    for (const name of names) {
      const url = await this.#ask("remote", "get-url", "--", name);
      if (url === undefined)
        return blocked("remote_missing", `${this.#repo} has no remote '${name}' to push to; add it`);
      urls.push([name, url]);
    }
    return { urls };
  }

  /** Upstream's tags into a namespace of their own: only upstream says what they are. */
  async fetch(upstream: string, remote: string, url: string): ReturnType<BuiltIn["fetch"]> {
    const tags = ["+refs/tags/*:refs/patch-moi/upstream/tags/*", "+refs/heads/*:refs/patch-moi/upstream/heads/*"];
    const of = { repo: this.#repo, forkUrl: url };
    const fetched = await this.#builtIn.fetch({ ...of, what: "upstream", url: upstream, refspecs: tags });
    if (!fetched.ok) return fetched;
    return this.#builtIn.fetch({ ...of, what: "the fork", url, refspecs: [`+refs/heads/*:refs/remotes/${remote}/*`] });
  }

  /** The commit that a ref leads to, and the annotated tag where it is one's. */
  async objectsOf(ref: string): Promise<string[] | undefined> {
    const commit = await this.#ask("rev-parse", "--verify", "--quiet", `${ref}^{commit}`);
    const self = await this.#ask("rev-parse", "--verify", "--quiet", ref);
    return commit === undefined || self === undefined ? undefined : [commit, self];
  }

  async #ask(...args: string[]): Promise<string | undefined> {
    try {
      return (await execute("git", args, { cwd: this.#repo })).stdout.trimEnd();
    } catch {
      return undefined;
    }
  }
}

function blocked(code: string, message: string): Blocked {
  return { blocked: { code, message } };
}
