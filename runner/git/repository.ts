/**
 * Where a repository keeps its objects, and what of its configuration the engine must know.
 *
 * @module
 */
import { access, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EnvironmentOptions } from "./environment.ts";
import type { ObjectFormat } from "./object-writer.ts";
import { gitText, runGit } from "./process.ts";

export interface Repository {
  /** The common git directory, absolute: refs and objects of all work trees. */
  gitDir: string;
  objectsDir: string;
  /** The file that says where history is cut, when it is. */
  shallowFile: string | undefined;
  format: ObjectFormat;
}

/** The git directory of the repository that `dir` is, or lies in. */
export function findGitDir(dir: string): Promise<string> {
  return gitText(["rev-parse", "--absolute-git-dir"], { cwd: dir });
}

/** @throws {GitError} `not_a_repository` among others. */
export async function openRepository(gitDir: string, options: EnvironmentOptions = {}): Promise<Repository> {
  return (await readPlain(resolve(gitDir))) ?? askGit(gitDir, options);
}

/**
 * A repository of the usual layout tells all by its files, in less time than a process takes to
 * start. Anything else (linked work trees, a `.git` file, included configuration) is git's to read.
 */
async function readPlain(gitDir: string): Promise<Repository | undefined> {
  const objectsDir = join(gitDir, "objects");
  const [isPlain, isLinked, isShallow, config] = await Promise.all([
    isThere(objectsDir),
    isThere(join(gitDir, "commondir")),
    isThere(join(gitDir, "shallow")),
    readFile(join(gitDir, "config"), "utf8").catch(() => undefined),
  ]);
  if (!isPlain || isLinked || config === undefined || !(await isThere(join(gitDir, "HEAD")))) return undefined;
  if (/objectformat|\[include|worktreeconfig/i.test(config)) return undefined;
  return { gitDir, objectsDir, shallowFile: isShallow ? join(gitDir, "shallow") : undefined, format: "sha1" };
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function askGit(gitDir: string, options: EnvironmentOptions): Promise<Repository> {
  const { stdout } = await runGit(
    [
      "rev-parse",
      "--path-format=absolute",
      "--is-shallow-repository",
      "--show-object-format",
      "--git-common-dir",
      "--git-path",
      "objects",
      "--git-path",
      "shallow",
    ],
    { ...options, gitDir },
  );
  const [shallow, format, commonDir, objectsDir, shallowFile] = stdout.toString("utf8").split("\n");
  if (commonDir === undefined || objectsDir === undefined || shallowFile === undefined)
    throw new Error("git rev-parse answered with fewer lines than it was asked for");
  return {
    gitDir: commonDir,
    objectsDir,
    shallowFile: shallow === "true" ? shallowFile : undefined,
    format: format === "sha256" ? "sha256" : "sha1",
  };
}
