/**
 * Git as the operator would run it by hand: with their own configuration, credential helpers, keys
 * and prompts. For work in a folder of theirs; everything a runner does goes through `git/process.ts`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { CommandFailure } from "../client/command-failure.ts";
import { classifyStderr, GitError } from "../git/git-error.ts";

/** Variables that would lead git to another repository than the folder's. */
const LEADS_ELSEWHERE = new Set([
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
]);

export type OperatorGit = {
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers, not failures. */
  okExitCodes?: readonly number[];
  input?: string | Uint8Array;
};

export type OperatorAnswer = { exitCode: number; stdout: string; stderr: string };

/** @throws {CommandFailure} with git's own words. */
export async function operatorGit(
  dir: string,
  args: readonly string[],
  options: OperatorGit = {},
): Promise<OperatorAnswer> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !LEADS_ELSEWHERE.has(name)));
  const child = spawn("git", args, {
    cwd: dir,
    env: { ...env, LC_ALL: "C", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  }).catch((error: unknown) => {
    throw new CommandFailure("git_missing", `git cannot be started in '${dir}': ${String(error)}`);
  });
  if (exitCode !== 0 && options.okExitCodes?.includes(exitCode) !== true) {
    const command = args.find((arg) => !arg.startsWith("-")) ?? "";
    const error = new GitError(classifyStderr(said.stderr), command, exitCode, said.stderr);
    throw new CommandFailure(error.code, error.message);
  }
  return { exitCode, ...said };
}

/** What it printed, without the last newline. */
export async function operatorGitText(dir: string, args: readonly string[], options?: OperatorGit): Promise<string> {
  return (await operatorGit(dir, args, options)).stdout.replace(/\n$/, "");
}
