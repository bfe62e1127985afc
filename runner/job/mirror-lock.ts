/**
 * One process at a time in a mirror: a lock file that names its owner.
 *
 * A lock whose process is gone is taken over. Locks of another machine (a shared data folder) are
 * never judged stale, since their processes cannot be seen from here.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "@hono/zod-openapi";
import type { Clock } from "./clock.ts";
import { lookAtProcess } from "./process-life.ts";

const LockOwner = z.object({ pid: z.int(), startedAt: z.string().optional(), host: z.string(), token: z.string() });

const POLL_MS = 250;

/** Waits for the lock; returns what releases it, or undefined when `signal` came first. */
export async function takeLock(path: string, clock: Clock, signal: AbortSignal): Promise<(() => void) | undefined> {
  const { startedAt } = lookAtProcess(process.pid);
  const text = JSON.stringify({ pid: process.pid, startedAt, host: hostname(), token: randomUUID() });
  while (!signal.aborted) {
    if (writeNew(path, text))
      return () => {
        if (read(path) === text) rmSync(path, { force: true });
      };
    const held = read(path);
    if (held !== undefined && isStale(held)) removeStale(path, held);
    else await clock.wait(POLL_MS, signal);
  }
  return undefined;
}

/** The lock if nobody holds it now. */
export function tryLock(path: string): Promise<(() => void) | undefined> {
  const once = new AbortController();
  const wait = async () => {
    once.abort();
    return false;
  };
  return takeLock(path, { now: () => 0, random: () => 0, wait }, once.signal);
}

function writeNew(path: string, text: string): boolean {
  // Written beside and linked into place: a lock file is never seen half written.
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isStale(text: string): boolean {
  const owner = parseOwner(text);
  // What is not a lock of ours cannot be released by anybody.
  if (owner === undefined) return true;
  if (owner.host !== hostname()) return false;
  const now = lookAtProcess(owner.pid);
  // A number that was given to another process since says nothing about the owner.
  return (
    !now.alive || (owner.startedAt !== undefined && now.startedAt !== undefined && now.startedAt !== owner.startedAt)
  );
}

function parseOwner(text: string): z.infer<typeof LockOwner> | undefined {
  try {
    return LockOwner.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Two may find the same lock stale: what was moved away is put back when it is a newer one. */
function removeStale(path: string, judged: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== judged) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one holds the lock already.
    }
  }
  rmSync(aside, { force: true });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
