/**
 * One process at a time writes a file: `FILE.lock` says which. A process that is gone holds nothing.
 *
 * @module
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "@hono/zod-openapi";
import { CommandFailure, describeError } from "../client/command-failure.ts";

const Holder = z.object({ pid: z.int().min(1), host: z.string(), since: z.string() });
type Holder = z.infer<typeof Holder>;

/**
 * Claims the file for this process; the answer gives it back.
 *
 * @throws {CommandFailure} `file_in_use` while another process writes it, `unwritable`
 */
export function claimFile(path: string): () => void {
  const lock = `${path}.lock`;
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString() });
  if (!made(lock, mine)) {
    takeOver(path, lock);
    if (!made(lock, mine)) throw inUse(path, holderOf(lock));
  }
  return () => rmSync(lock, { force: true });
}

/** Removes the lock of a process that is gone, and no other: somebody may have claimed the file since we looked. */
function takeOver(path: string, lock: string): void {
  const holder = holderOf(lock);
  if (holder === undefined || isThere(holder)) throw inUse(path, holder);
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const moved = holderOf(aside);
  if (JSON.stringify(moved) !== JSON.stringify(holder)) {
    renameSync(aside, lock);
    throw inUse(path, moved);
  }
  rmSync(aside, { force: true });
}

function made(lock: string, text: string): boolean {
  try {
    const file = openSync(lock, "wx", 0o600);
    writeSync(file, text);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new CommandFailure("unwritable", `cannot write ${lock}: ${describeError(error)}`, 2);
  }
}

/** Undefined when it says nothing that we know. */
function holderOf(lock: string): Holder | undefined {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(lock, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Of another machine it cannot be told. */
function isThere({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function inUse(path: string, holder: Holder | undefined): CommandFailure {
  const who = holder === undefined ? "" : ` since ${holder.since}: process ${holder.pid} on ${holder.host}`;
  return new CommandFailure(
    "file_in_use",
    `another process writes ${path}${who}; wait for it or name another file, and if it is gone remove ${path}.lock`,
  );
}
