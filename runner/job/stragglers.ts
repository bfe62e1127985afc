/**
 * Processes that left the process group of the program they came from (setsid, a daemon's double fork):
 * found by a variable that we gave it and that its children inherit, where the system shows that (Linux).
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

/** Those who fork while they are looked for are looked for again, so often. */
const ROUNDS = 20;

/** Kills every process that has `mark` (`NAME=value`) in the environment it was started with. */
export function killStragglers(mark: string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const found = processes().filter((pid) => pid !== process.pid && hasMark(pid, mark));
    if (found.length === 0) return;
    for (const pid of found)
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
  }
}

function processes(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^[0-9]+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

function hasMark(pid: number, mark: string): boolean {
  try {
    // A zombie has no environment any more.
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(mark);
  } catch {
    return false;
  }
}
