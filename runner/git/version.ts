/**
 * Which git is installed, and what that git can do.
 *
 * @module
 */
import { gitText } from "./process.ts";

export interface GitVersion {
  major: number;
  minor: number;
  text: string;
}

/** The oldest git with `merge-tree --write-tree`. */
export const OLDEST_GIT = { major: 2, minor: 38 } as const;

/** What the engine asks of the installed git; each is one release's gain in speed or none at all. */
export interface GitAbilities {
  version: GitVersion;
  /** `merge-tree --stdin`: one process for all merges (2.39). */
  mergeTreeStdin: boolean;
  /** `merge-tree --merge-base` takes trees, so that no throw-away commit is needed (2.45). */
  mergeTreeOfTrees: boolean;
  /** `merge-tree --stdin` flushes each answer (2.49); before, an answer waits in a stdio buffer. */
  mergeTreeFlushes: boolean;
}

/** Reads `git version 2.39.5 (Apple Git-154)` and its kin; undefined when it is something else. */
export function parseGitVersion(text: string): GitVersion | undefined {
  const match = /^git version (\d+)\.(\d+)(\S*)/.exec(text.trim());
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), text: `${match[1]}.${match[2]}${match[3] ?? ""}` };
}

function atLeast(version: GitVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

export function abilitiesOf(version: GitVersion): GitAbilities {
  return {
    version,
    mergeTreeStdin: atLeast(version, 2, 39),
    mergeTreeOfTrees: atLeast(version, 2, 45),
    mergeTreeFlushes: atLeast(version, 2, 49),
  };
}

export function isNewEnough(version: GitVersion): boolean {
  return atLeast(version, OLDEST_GIT.major, OLDEST_GIT.minor);
}

let asked: Promise<GitVersion | undefined> | undefined;

/** The installed git's version. Asked once: a process does not see another git while it lives. */
export function installedGit(): Promise<GitVersion | undefined> {
  asked ??= gitText(["version"], { cwd: "/" }).then(parseGitVersion);
  return asked;
}
