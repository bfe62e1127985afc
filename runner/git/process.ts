/**
 * The one place that starts `git`: argument arrays, no shell, a minimal environment, a limit on
 * time and output, and errors with a stable code.
 *
 * Whatever came from outside goes behind `--end-of-options` or `--`, or in through stdin.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type EnvironmentOptions, gitEnvironment } from "./environment.ts";
import { classifyStderr, GitError, STDERR_HEAD, STDERR_TAIL } from "./git-error.ts";

/** Milliseconds; a fetch of a large repository may be given more. */
export const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** Bytes of stdout that are collected. */
export const DEFAULT_MAX_OUTPUT = 256 * 1024 * 1024;
/** Milliseconds between asking a process to end and ending it. */
const KILL_GRACE_MS = 2_000;

export interface GitOptions extends EnvironmentOptions {
  /** The repository; set as `GIT_DIR`. Without it git looks from `cwd` upwards. */
  gitDir?: string | undefined;
  cwd?: string | undefined;
  /** Written to stdin, which is then closed. */
  input?: string | Uint8Array | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  maxOutputBytes?: number | undefined;
  /** Exit codes that are answers, not failures. */
  okExitCodes?: readonly number[] | undefined;
  /** Gets stdout as it comes; nothing is collected then. */
  onStdout?: ((chunk: Buffer) => void) | undefined;
  /** Gets stderr as it comes (progress, the server's words). */
  onStderr?: ((chunk: Buffer) => void) | undefined;
}

export interface GitOutput {
  stdout: Buffer;
  stderr: string;
  exitCode: number;
}

let started = 0;

/** How many git processes this program has started: what the benchmarks count. */
export function gitProcessesStarted(): number {
  return started;
}

/** A running git process for callers that talk with it; everybody else wants {@link runGit}. */
export function spawnGit(args: readonly string[], options: EnvironmentOptions & { cwd?: string | undefined } = {}) {
  started += 1;
  const child = startIn(options.cwd ?? options.gitDir, args, gitEnvironment(options));
  // A process that ends before it has read its input tells why by its exit code; EPIPE adds nothing.
  child.stdin.on("error", () => {});
  return child;
}

function startIn(cwd: string | undefined, args: readonly string[], env: Record<string, string>) {
  try {
    const child: ChildProcessWithoutNullStreams = spawn("git", args, {
      cwd,
      env,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      // A process group of its own: what git starts (transports, pagers of a hostile alias) ends with it.
      detached: process.platform !== "win32",
    });
    return child;
  } catch (error) {
    // A folder that is not there is told by an event; one that is a file is thrown.
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR") throw error;
    throw new GitError("not_a_repository", subcommand(args), null, `fatal: ${cwd ?? "."} is not a folder`);
  }
}

/** The subcommand in an argument array: options of git itself come before it. */
export function subcommand(args: readonly string[]): string {
  return args.find((arg) => !arg.startsWith("-")) ?? "";
}

/**
 * Runs git to its end.
 *
 * @throws {GitError} when it cannot be started, exits with another code than 0 or `okExitCodes`,
 * takes longer than `timeoutMs`, is aborted, or says more than `maxOutputBytes`.
 * @example
 * const { stdout } = await runGit(["rev-list", "--count", "--end-of-options", range], { gitDir });
 */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<GitOutput> {
  const command = subcommand(args);
  if (options.signal?.aborted === true) throw new GitError("aborted", command, null, "");
  const child = spawnGit(args, options);
  const stderr = new StderrTail();
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let stoppedBy: "aborted" | "timeout" | "output_too_large" | undefined;

  const stop = (cause: NonNullable<typeof stoppedBy>) => {
    if (stoppedBy !== undefined) return;
    stoppedBy = cause;
    endProcess(child);
  };
  const onAbort = () => stop("aborted");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop("timeout"), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);

  const limit = options.maxOutputBytes ?? DEFAULT_MAX_OUTPUT;
  child.stdout.on("data", (chunk: Buffer) => {
    if (options.onStdout !== undefined) return options.onStdout(chunk);
    keptBytes += chunk.length;
    if (keptBytes > limit) return stop("output_too_large");
    kept.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr.push(chunk);
    options.onStderr?.(chunk);
  });
  child.stdin.end(options.input ?? "");

  try {
    const exitCode = await exitOf(child, command);
    if (stoppedBy !== undefined) throw new GitError(stoppedBy, command, exitCode, stderr.text());
    if (exitCode === null || (exitCode !== 0 && options.okExitCodes?.includes(exitCode) !== true))
      throw new GitError(classifyStderr(stderr.text()), command, exitCode, stderr.text());
    return { stdout: Buffer.concat(kept), stderr: stderr.text(), exitCode };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** {@link runGit} for commands that answer with text: stdout without its last newline. */
export async function gitText(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const { stdout } = await runGit(args, options);
  return stdout.toString("utf8").replace(/\n$/, "");
}

/** Runs `from`, feeding its stdout to `to`, as a shell pipe would; answers with the stdout of `to`. */
export async function pipeGit(
  from: readonly string[],
  to: readonly string[],
  options: Omit<GitOptions, "onStdout" | "okExitCodes"> = {},
): Promise<Buffer> {
  const sink = spawnGit(to, options);
  const stderr = new StderrTail();
  const kept: Buffer[] = [];
  sink.stdout.on("data", (chunk: Buffer) => kept.push(chunk));
  sink.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const sinkExit = exitOf(sink, subcommand(to));
  try {
    await runGit(from, { ...options, onStdout: (chunk) => void sink.stdin.write(chunk) });
    sink.stdin.end();
  } catch (error) {
    endProcess(sink);
    await sinkExit.catch(() => null);
    throw error;
  }
  const exitCode = await sinkExit;
  if (exitCode !== 0) throw new GitError(classifyStderr(stderr.text()), subcommand(to), exitCode, stderr.text());
  return Buffer.concat(kept);
}

/** Resolves with the exit code (null: ended by a signal) when the process and its pipes are done. */
export function exitOf(child: ChildProcessWithoutNullStreams, command: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const said = error.code === "ENOENT" ? "git is not installed, or the folder does not exist" : error.message;
      reject(new GitError(error.code === "ENOENT" ? "git_missing" : "git_failed", command, null, said));
    });
    child.once("close", (code) => resolve(code));
  });
}

/** Asks a process and what it started to end, and ends them when they do not. */
export function endProcess(child: ChildProcessWithoutNullStreams): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child, "SIGKILL"), KILL_GRACE_MS);
  timer.unref();
  child.once("close", () => clearTimeout(timer));
}

function signalGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Keeps the first bytes, where an error stands before a usage text, and the last {@link STDERR_TAIL}. */
export class StderrTail {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  #leftOut = false;

  push(chunk: Buffer): void {
    const room = STDERR_HEAD - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const joined = Buffer.concat([this.#tail, chunk.subarray(Math.max(0, room))]);
    this.#leftOut ||= joined.length > STDERR_TAIL;
    this.#tail = joined.length > STDERR_TAIL ? joined.subarray(joined.length - STDERR_TAIL) : joined;
  }

  text(): string {
    return `${this.#head.toString("utf8")}${this.#leftOut ? "\n" : ""}${this.#tail.toString("utf8")}`;
  }
}
