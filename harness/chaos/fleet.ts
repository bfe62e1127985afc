/**
 * Many forks of one project, whose upstreams release one after another.
 *
 * Every pair has the same history, so the right candidate for a release is the same commit in every
 * fork, however often edge and runner were killed on the way to it.
 *
 * @module
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createBare, git, type Person, StoryClock } from "../upstream-life/git.ts";

const ADA: Person = { name: "Ada Maintainer", email: "ada@fleet.example" };
export const FLEET_BRANCH = "ours";

export class Fleet {
  /** Folder that the Git server serves. */
  readonly root: string;
  readonly size: number;
  readonly tags: readonly string[];
  readonly #model: string;
  readonly #released: number[];

  private constructor(folder: string, size: number, tags: readonly string[]) {
    this.root = join(folder, "git");
    this.size = size;
    this.tags = tags;
    this.#model = join(folder, "model");
    this.#released = Array.from({ length: size }, () => 0);
  }

  /** `size` pairs at v1.0.0; each can release v1.1.0 up to v1.`releases`.0. */
  static async raise(folder: string, size: number, releases: number): Promise<Fleet> {
    const tags = Array.from({ length: releases }, (_, index) => `v1.${index + 1}.0`);
    const fleet = new Fleet(folder, size, tags);
    const model = fleet.#model;
    const clock = new StoryClock();
    const commit = async (line: number, text: string): Promise<void> => {
      writeFileSync(join(model, "a.txt"), lines.map((old, index) => (index === line ? text : old)).join("\n"));
      lines[line] = text;
      await git(model, ["add", "a.txt"]);
      await git(model, ["commit", "--quiet", `--message=${text}`], { as: ADA, at: clock.next() });
    };
    const lines = Array.from({ length: 20 + 5 * releases }, (_, index) => `line ${index + 1}\n`);
    mkdirSync(model, { recursive: true });
    await git(model, ["init", "--quiet", "--initial-branch=main"]);
    await commit(0, "the first line\n");
    await git(model, ["tag", "--annotate", "--message=v1.0.0", "v1.0.0"], { as: ADA, at: clock.next() });
    await git(model, ["switch", "--quiet", "--create", FLEET_BRANCH]);
    const untouched = [...lines];
    await commit(5, "our own line\n");
    await git(model, ["switch", "--quiet", "main"]);
    lines.splice(0, lines.length, ...untouched);
    for (const [index, tag] of tags.entries()) {
      await commit(15 + 5 * index, `what ${tag} changed\n`);
      await git(model, ["tag", "--annotate", `--message=${tag}`, tag], { as: ADA, at: clock.next() });
    }
    const first = join(folder, "first");
    await createBare(`${first}-up.git`, folder, false);
    await createBare(`${first}-fork.git`, folder, true);
    await git(model, ["push", "--quiet", `${first}-up.git`, "v1.0.0", "v1.0.0^{commit}:refs/heads/main"]);
    await git(model, ["push", "--quiet", `${first}-fork.git`, "v1.0.0^{commit}:refs/heads/main", FLEET_BRANCH]);
    for (let pair = 0; pair < size; pair++) {
      cpSync(`${first}-up.git`, fleet.upstream(pair), { recursive: true });
      cpSync(`${first}-fork.git`, fleet.fork(pair), { recursive: true });
    }
    return fleet;
  }

  upstream(pair: number): string {
    return join(this.root, "up", `p${pair}.git`);
  }

  fork(pair: number): string {
    return join(this.root, "fork", `p${pair}.git`);
  }

  /** Tags that a pair's upstream has released so far. */
  released(pair: number): readonly string[] {
    return this.tags.slice(0, this.#released[pair] ?? 0);
  }

  /** The pair's upstream releases its next version; undefined when it has none left. */
  async release(pair: number): Promise<string | undefined> {
    const tag = this.tags[this.#released[pair] ?? 0];
    if (tag === undefined) return undefined;
    await git(this.#model, [
      "push",
      "--quiet",
      "--atomic",
      this.upstream(pair),
      tag,
      `${tag}^{commit}:refs/heads/main`,
    ]);
    this.#released[pair] = (this.#released[pair] ?? 0) + 1;
    return tag;
  }

  /** The tree that `git rebase` gives for our branch on a release. */
  async rebasedTree(tag: string): Promise<string> {
    await git(this.#model, ["checkout", "--quiet", "--detach", FLEET_BRANCH]);
    await git(this.#model, ["rebase", "--quiet", tag], { as: ADA });
    return git(this.#model, ["rev-parse", "HEAD^{tree}"]);
  }

  /** Candidate branches of a pair's fork: tag to object id. */
  async candidates(pair: number, stackId: string): Promise<Map<string, string>> {
    const prefix = `refs/heads/patch-moi/${stackId}/`;
    const text = await git(this.fork(pair), ["for-each-ref", "--format=%(refname) %(objectname)", prefix]);
    const found = new Map<string, string>();
    for (const line of text === "" ? [] : text.split("\n")) {
      const [ref = "", oid = ""] = line.split(" ");
      found.set(ref.slice(prefix.length), oid);
    }
    return found;
  }

  treeOf(pair: number, oid: string): Promise<string> {
    return git(this.fork(pair), ["rev-parse", "--verify", `${oid}^{tree}`]);
  }
}
