/**
 * Stands between us and a child process, so that the child never outlives us.
 *
 * `node guard.ts <command> [argument…]` leads a process group of its own and starts the command in
 * it. Our end of the guard's stdin is the life line: when it closes, whatever the reason (a crash
 * and SIGKILL included), the whole group goes. The line `keep` on stdin unties it.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** How long a child may take to end by itself before its group is killed. */
const GRACE_MS = 3_000;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write("usage: guard.ts <command> [argument…]\n");
  process.exit(2);
}

// The child gets a stdin of its own, open for as long as the guard lives.
const child = spawn(command, args, { stdio: ["pipe", "inherit", "inherit"] });
child.stdin.on("error", () => {});

let kept = false;
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  if (text.includes("keep")) kept = true;
});
process.stdin.on("close", () => {
  if (!kept) end("SIGTERM");
});
process.stdin.on("error", () => {});
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => end(signal));

child.on("error", (error) => {
  process.stderr.write(`${command}: ${error.message}\n`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  killGroup();
});

function end(signal: NodeJS.Signals): void {
  child.kill(signal);
  setTimeout(killGroup, GRACE_MS).unref();
}

/** Takes along what the child started and left behind, then the guard itself. */
function killGroup(): void {
  const code = process.exitCode;
  // Ourselves last and gently, so that the exit code is the child's: the group is only us and leftovers.
  process.on("SIGTERM", () => {});
  try {
    process.kill(-process.pid, "SIGTERM");
  } catch {
    // Not a group leader: started by hand from a shell. There is nobody else to end.
  }
  if (child.exitCode === null && child.signalCode === null) process.kill(-process.pid, "SIGKILL");
  process.exit(code ?? 0);
}
