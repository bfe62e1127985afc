/**
 * Real child processes: started in a group of their own, logged to a file, ended as a whole tree.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const GUARD = fileURLToPath(new URL("./guard.ts", import.meta.url));

export type ChildOptions = {
  /** What it is called in messages. */
  name: string;
  command: string;
  args: readonly string[];
  /** stdout and stderr are appended here; `inherit` shows them on ours. */
  log: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
};

export type Child = {
  name: string;
  /** Leader of the process group. */
  pid: number;
  log: string;
  /** Undefined while it runs. */
  exit(): { code: number | null; signal: NodeJS.Signals | null } | undefined;
  /** What it has written since it was started. */
  output(): string;
  /** SIGTERM, and SIGKILL to the whole group when it does not end soon. Resolves once it is gone. */
  stop(): Promise<void>;
  /** SIGKILL to the whole group, at once. Resolves once it is gone. */
  kill(): Promise<void>;
  /** From now on it outlives us; `kill <pid>` ends it. */
  keep(): Promise<void>;
};

/** Starts a process. It ends with us however we end, unless it is told to {@link Child.keep | keep}. */
export function startChild(options: ChildOptions): Child {
  const { name, log } = options;
  const before = sizeOf(log);
  const file = openSync(log, "a", 0o600);
  const guard: ChildProcess = spawn(process.execPath, [GUARD, options.command, ...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ["pipe", file, file],
  });
  closeSync(file);
  const pid = guard.pid;
  if (pid === undefined) throw new Error(`${name}: could not be started`);
  let end: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  const gone = new Promise<void>((resolve) => {
    guard.on("exit", (code, signal) => {
      end = { code, signal };
      // A guard that was killed alone must not leave its group behind.
      signalGroup(pid, "SIGKILL");
      resolve();
    });
  });
  guard.stdin?.on("error", () => {});
  return {
    name,
    pid,
    log,
    exit: () => end,
    output: () => readFileSync(log, "utf8").slice(before),
    async stop() {
      if (end === undefined) guard.kill("SIGTERM");
      await gone;
      await groupIsEmpty(name, pid);
    },
    async kill() {
      signalGroup(pid, "SIGKILL");
      await gone;
      await groupIsEmpty(name, pid);
    },
    async keep() {
      const stdin = guard.stdin;
      if (stdin === null) return;
      await new Promise<void>((resolve) => stdin.end("keep\n", () => resolve()));
      guard.unref();
    },
  };
}

/** Waits for a line of the child's output that `read` understands; fails as soon as the child ends. */
export async function waitForLine<T>(
  child: Child,
  read: (line: string) => T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  return until(
    `${child.name} to say that it is ready`,
    () => {
      for (const line of child.output().split("\n").slice(0, -1)) {
        const value = read(line);
        if (value !== undefined) return value;
      }
      refuseEnded(child);
      return undefined;
    },
    { timeoutMs, everyMs: 20 },
  );
}

/** Throws with the end of its log when the child is no longer running. */
export function refuseEnded(child: Child): void {
  const end = child.exit();
  if (end === undefined) return;
  const tail = child.output().trimEnd().split("\n").slice(-15).join("\n");
  throw new Error(`${child.name} ended (${end.signal ?? `exit ${end.code}`})\n${tail}`);
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    // ESRCH: nobody is left. EPERM (macOS): only zombies are.
    if (error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM")) return false;
    throw error;
  }
}

/** A killed group is gone only when the kernel says so: until then its ports are still taken. */
async function groupIsEmpty(name: string, pid: number): Promise<void> {
  await until(`the processes of ${name} to be gone`, () => !signalGroup(pid, 0) || undefined, { everyMs: 10 });
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file, "utf8").length;
  } catch {
    return 0;
  }
}
