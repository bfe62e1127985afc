/**
 * Where a repository keeps its objects, and what of its configuration the engine must know.
 *
 * @module
 */
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
