/**
 * Runs one verify command: upstream's code and the operator's words, neither of which may see a
 * credential, outlive its time, or leave a process behind.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { VerifyResult } from "../../worker/contract/report.ts";
import type { Environment } from "../client/settings.ts";
import type { Checkout } from "./checkout.ts";
import { OutputEnds } from "./output-ends.ts";
import type { Redactor } from "./redact.ts";

/** The exit code that timeout(1) gives, so that scripts and people know it. */
export const TIMED_OUT_EXIT_CODE = 124;

/** From asking a command to end until it is ended. */
const KILL_GRACE_MS = 5000;

/** From the command's own end until its output is no longer waited for. */
const OUTPUT_GRACE_MS = 2000;

/** What a build needs of ours. Nothing that opens a door: no HOME, no agent socket, no token. */
const PASSED_ON = ["PATH", "LANG", "LC_ALL", "TZ", "SHELL", "http_proxy", "https_proxy", "no_proxy"] as const;

export type VerifyCommand = {
  command: string;
  checkout: Checkout;
  env: Environment;
  /** Variables of ours beside the allow-list. */
  more?: Readonly<Record<string, string>>;
  timeoutMs: number;
  signal: AbortSignal;
  redact: Redactor;
  log: (text: string) => void;
};

export type VerifyRun = VerifyResult & { timedOut: boolean };

/** Runs it to its end; rejects with the signal's reason when that is aborted. */
export async function runVerifyCommand(request: VerifyCommand): Promise<VerifyRun> {
  request.signal.throwIfAborted();
  const startedAt = performance.now();
  const output = new OutputEnds(request.redact, request.log);
  const child = spawn("sh", ["-c", request.command], {
    cwd: request.checkout.tree,
    env: { ...verifyEnvironment(request.checkout, request.env), ...request.more },
    // A process group of its own, so that everything it starts can be ended with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (chunk: Buffer) => output.push("stdout", chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push("stderr", chunk));
  let timedOut = false;
  const onAbort = () => endGroup(child);
  request.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child);
  }, request.timeoutMs);
  try {
    const exitCode = await ended(child);
    request.signal.throwIfAborted();
    return {
      command: request.command,
      exitCode: timedOut ? TIMED_OUT_EXIT_CODE : exitCode,
      seconds: Math.round(performance.now() - startedAt) / 1000,
      outputTail: output.finish(),
      timedOut,
    };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

/**
 * `PATCH_MOI_VERIFY_ENV` names further variables that the operator wants passed on (a compiler cache,
 * say); they are the operator's own risk, and nothing is passed by default.
 */
export function verifyEnvironment(checkout: Checkout, env: Environment): Record<string, string> {
  const asked = (env.PATCH_MOI_VERIFY_ENV ?? "").split(",").map((name) => name.trim());
  const passed: Record<string, string> = {};
  for (const name of [...PASSED_ON, ...asked]) {
    const value = env[name];
    if (name !== "" && value !== undefined) passed[name] = value;
  }
  return {
    ...passed,
    HOME: checkout.home,
    TMPDIR: checkout.temp,
    CI: "true",
    TERM: "dumb",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
  };
}

/** The exit code, 128 + signal number for a death by signal (as a shell has it). */
function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      // Whatever it left running goes too; some of it may hold the pipes open.
      killGroup(child, "SIGKILL");
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
