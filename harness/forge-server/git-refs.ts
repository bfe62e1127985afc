/**
 * The refs of a repository as they really stand: what is pushed with Git is seen by the API, and the other way.
 *
 * @module
 */
import { execFileSync } from "node:child_process";

/** `heads/x` and `tags/x` of a bare repository. Asked of git each time: others write to it. */
export class GitRefs extends Map<string, string> {
  readonly #gitDir: string;

  constructor(gitDir: string) {
    super();
    this.#gitDir = gitDir;
  }

  override get(name: string): string | undefined {
    const found = this.#git("for-each-ref", "--format=%(objectname)", `refs/${name}`);
    return found === "" ? undefined : found;
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  override set(name: string, oid: string): this {
    this.#git("update-ref", `refs/${name}`, oid);
    return this;
  }

  override *[Symbol.iterator](): MapIterator<[string, string]> {
    for (const line of this.#git("for-each-ref", "--format=%(refname:lstrip=1) %(objectname)").split("\n")) {
      const [name = "", oid = ""] = line.split(" ");
      if (name !== "") yield [name, oid];
    }
  }

  #git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.#gitDir, encoding: "utf8" }).trim();
  }
}
