/**
 * `git` for the people of the story: fixed identities, dates from a story clock, no machine configuration.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export type Person = { name: string; email: string };

export type GitOptions = {
  /** Author and committer; needed by whatever makes a commit or a tag. */
  as?: Person;
  /** ISO 8601; author and committer date. */
  at?: string;
};

/** Runs git in `cwd`; what it printed, without the last newline. Throws with git's own words. */
export async function git(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { as, at } = options;
  const { stdout } = await execute("git", [...args], {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
    env: {
      PATH: process.env.PATH,
      HOME: cwd,
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_EDITOR: "true",
      ...(as === undefined
        ? {}
        : {
            GIT_AUTHOR_NAME: as.name,
            GIT_AUTHOR_EMAIL: as.email,
            GIT_COMMITTER_NAME: as.name,
            GIT_COMMITTER_EMAIL: as.email,
          }),
      ...(at === undefined ? {} : { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at }),
    },
  });
  return stdout.trimEnd();
}

/** Like {@link git}, for commands whose failure is part of the story: true when it exited with 0. */
export async function gitSucceeds(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<boolean> {
  try {
    await git(cwd, args, options);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "number") return false;
    throw error;
  }
}

/** A bare repository as a forge keeps it. `writable`: takes pushes over HTTP. */
export async function createBare(path: string, parent: string, writable: boolean): Promise<void> {
  await git(parent, ["init", "--quiet", "--bare", "--initial-branch=main", path]);
  await git(path, ["config", "http.receivepack", String(writable)]);
  // As forges do: partial clones, and single commits by their id.
  await git(path, ["config", "uploadpack.allowFilter", "true"]);
  await git(path, ["config", "uploadpack.allowAnySHA1InWant", "true"]);
}

/** Time as the story tells it: it starts on one fixed day and goes on by an hour per act. */
export class StoryClock {
  #now = Date.parse("2024-03-04T09:00:00Z");

  next(): string {
    this.#now += 3_600_000;
    return new Date(this.#now).toISOString().replace(".000Z", "Z");
  }
}
