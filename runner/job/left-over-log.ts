/**
 * Logs that a runner was killed over: whose they are stands beside them, so that the next start can
 * send what the server lacks, and removes them either way.
 *
 * @module
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "@hono/zod-openapi";
import { JobHead } from "./claim.ts";
import type { Clock } from "./clock.ts";
import type { DataHome } from "./data-home.ts";
import { LogStream } from "./log-stream.ts";
import { lookAtProcess } from "./process-life.ts";
import { ownerLives } from "./work-folder.ts";

const LogOwner = z.object({ server: z.url(), head: JobHead, pid: z.int(), startedAt: z.string().default("0") });

/** A log of another server, or of one that stays away, is not kept for ever. */
const MAX_AGE_MS = 7 * 86_400_000;

/** What the end of an old log may hold up a start. */
const PATIENCE_MS = 5000;

export function writeLogOwner(log: string, server: URL, head: JobHead): void {
  const { attemptId, epoch, nonce, callbackKey } = head;
  const { startedAt } = lookAtProcess(process.pid);
  const owner = { server: server.href, head: { attemptId, epoch, nonce, callbackKey }, pid: process.pid, startedAt };
  writeFileSync(ownerFile(log), JSON.stringify(owner), { mode: 0o600 });
}

export function removeLog(log: string): void {
  rmSync(log, { force: true });
  rmSync(ownerFile(log), { force: true });
}

/** One try for each log whose runner is gone. What the server took or refused is removed. */
export async function sendLeftOverLogs(home: DataHome, server: URL, clock: Clock, stop: AbortSignal): Promise<void> {
  for (const name of readdirSync(home.logs).filter((file) => file.endsWith(".log"))) {
    const log = join(home.logs, name);
    const owner = readOwner(log);
    if (owner !== undefined && ownerLives(owner.pid, owner.startedAt)) continue;
    const { size, mtimeMs } = statSync(log);
    if (owner === undefined || clock.now() - mtimeMs > MAX_AGE_MS) {
      removeLog(log);
      continue;
    }
    if (owner.server !== server.href) continue;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]);
    const stream = new LogStream(log, { server, head: owner.head, clock, signal, giveUpAfterMs: 0 });
    await stream.sendUpTo(() => size);
    if (stream.acknowledged >= size || stream.state === "refused") removeLog(log);
  }
}

function readOwner(log: string): z.infer<typeof LogOwner> | undefined {
  try {
    return LogOwner.safeParse(JSON.parse(readFileSync(ownerFile(log), "utf8"))).data;
  } catch {
    return undefined;
  }
}

function ownerFile(log: string): string {
  return `${log}.owner`;
}
