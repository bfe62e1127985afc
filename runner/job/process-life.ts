/**
 * Whether a process still lives, and is still the one it was.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/**
 * What tells a process from a later one with the same number: its start time, where the system says
 * it (Linux); undefined elsewhere. Gone: there is no such process, or it is a zombie that nobody
 * has fetched (usual in containers whose first process is no init).
 */
export function lookAtProcess(pid: number): { alive: boolean; startedAt?: string } {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    const gone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (gone) return { alive: false };
  }
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return { alive: true };
  }
  // The name in parentheses may hold anything; the fields are counted after it (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return { alive: state !== "Z" && state !== "X", startedAt: fields[19] };
}
