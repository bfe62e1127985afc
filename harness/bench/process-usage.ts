/**
 * CPU time and memory of a process and all that it has started, from Linux's /proc (proc(5)).
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel's clock of /proc, ticks a second: 100 on every platform that Node runs on. */
const TICKS = 100;
const PAGE = 4096;

export type ProcessUsage = { cpuMs: number; residentBytes: number };

/** Of those whose command is `name`; undefined where there is no /proc. */
export function usageOfTree(root: number, name: string): ProcessUsage | undefined {
  const all = readAll();
  if (all === undefined) return undefined;
  const tree = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all)
      if (tree.has(parent) && !tree.has(pid)) {
        tree.add(pid);
        grown = true;
      }
  }
  const ours = all.filter(({ pid, command }) => tree.has(pid) && command === name);
  return {
    cpuMs: ours.reduce((sum, { ticks }) => sum + (ticks * 1000) / TICKS, 0),
    residentBytes: ours.reduce((sum, { pages }) => sum + pages * PAGE, 0),
  };
}

type Stat = { pid: number; parent: number; command: string; ticks: number; pages: number };

function readAll(): Stat[] | undefined {
  try {
    return readdirSync("/proc").flatMap((entry) => (/^[0-9]+$/.test(entry) ? read(entry) : []));
  } catch {
    return undefined;
  }
}

function read(pid: string): Stat[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return []; // It has ended meanwhile.
  }
  // The command stands in parentheses and may hold any.
  const [, command = "", rest = ""] = /^[0-9]+ \((.*)\) (.*)$/s.exec(text) ?? [];
  const fields = rest.split(" ").map(Number);
  const [parent = 0, user = 0, system = 0, pages = 0] = [fields[1], fields[11], fields[12], fields[21]];
  return [{ pid: Number(pid), parent, command, ticks: user + system, pages }];
}
