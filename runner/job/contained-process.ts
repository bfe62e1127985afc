/**
 * Runs a program that is not ours (a verify command, a resolver, a step of a flow package) so that it
 * sees no credential, does not outlive its time, and leaves no process behind.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Environment } from "../client/settings.ts";
import { killStragglers } from "./stragglers.ts";

/** The exit code that timeout(1) gives, so that scripts and people know it. */
export const TIMED_OUT_EXIT_CODE = 124;

/** From asking a program to end until it is ended. */
const KILL_GRACE_MS = 5000;

/** From the program's own end until its output is no longer waited for. */
const OUTPUT_GRACE_MS = 2000;

/** Tells the processes of one run from all others, wherever they went. */
const MARK = "PATCH_MOI_CONTAINED";

/** What a build needs of ours. Nothing that opens a door: no HOME, no agent socket, no token. */
const PASSED_ON = ["PATH", "LANG", "LC_ALL", "TZ", "SHELL", "http_proxy", "https_proxy", "no_proxy"] as const;

export type ContainedProcess = {
  command: string;
  args: readonly string[];
  cwd: string;
  /** All of it: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Written to its standard input; without it there is none. */
  input?: string;
  timeoutMs: number;
  signal: AbortSignal;
  onOutput: (stream: "stdout" | "stderr", chunk: Buffer) => void;
};

export type ContainedEnd = {
  /** 128 + signal number for a death by signal (as a shell has it), 124 when its time was over. */
  exitCode: number;
  timedOut: boolean;
  seconds: number;
};

/**
 * Runs it to its end; rejects with the signal's reason when that is aborted, and with the system's
 * error when it cannot be started.
 */
export async function runContained(request: ContainedProcess): Promise<ContainedEnd> {
  request.signal.throwIfAborted();
  const startedAt = performance.now();
  const mark = randomUUID();
  const child = spawn(request.command, [...request.args], {
    cwd: request.cwd,
    env: { ...request.env, [MARK]: mark },
    // A process group of its own, so that everything it starts can be ended with it.
    detached: true,
    stdio: [request.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  child.stdout?.on("data", (chunk: Buffer) => request.onOutput("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => request.onOutput("stderr", chunk));
  // A program that does not read its input is no fault.
  child.stdin?.on("error", () => {});
  child.stdin?.end(request.input);
  let timedOut = false;
  const onAbort = () => endGroup(child);
  request.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child);
  }, request.timeoutMs);
  try {
    const exitCode = await ended(child, () => killStragglers(`${MARK}=${mark}`));
    request.signal.throwIfAborted();
    return {
      exitCode: timedOut ? TIMED_OUT_EXIT_CODE : exitCode,
      timedOut,
      seconds: Math.round(performance.now() - startedAt) / 1000,
    };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The environment from an allow-list. `more` names further variables that the operator wants passed on
 * (a compiler cache, say); they are the operator's own risk, and nothing is passed by default.
 */
export function containedEnvironment(
  folders: { home: string; temp: string },
  env: Environment,
  more: string | undefined,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of [...PASSED_ON, ...namesIn(more)]) {
    const value = env[name];
    if (value !== undefined) passed[name] = value;
  }
  return {
    ...passed,
    HOME: folders.home,
    TMPDIR: folders.temp,
    CI: "true",
    TERM: "dumb",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
  };
}

/** The names in a variable like `PATCH_MOI_VERIFY_ENV`: with commas between them. */
export function namesIn(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function ended(child: ChildProcess, onExit: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      // Whatever it left running goes too; some of it may hold the pipes open.
      killGroup(child, "SIGKILL");
      onExit();
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal ?? ""] ?? 0);
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_GRACE_MS);
      child.once("close", () => {
        clearTimeout(timer);
        resolve(exitCode);
      });
    });
  });
}

const SIGNAL_NUMBERS: Readonly<Record<string, number | undefined>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

function endGroup(child: ChildProcess): void {
  killGroup(child, "SIGTERM");
  const timer = setTimeout(() => killGroup(child, "SIGKILL"), KILL_GRACE_MS);
  child.once("close", () => clearTimeout(timer));
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
