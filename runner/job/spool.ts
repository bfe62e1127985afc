/**
 * Results on disk, from before the first try to send them until the server has given its last word.
 *
 * The work of an hour must survive a server that is down and a runner that is killed; sent again
 * after a restart, a result keeps its id, so the server takes it once.
 *
 * @module
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "@hono/zod-openapi";
import { type DataHome, fileName } from "./data-home.ts";
import { type DeliveryOptions, deliver, type SignedMessage } from "./delivery.ts";
import { RunnerSecret } from "./identity.ts";

const SpooledResult = z.object({
  v: z.literal(1),
  attemptId: z.string(),
  epoch: z.int(),
  url: z.url(),
  webhookId: z.string(),
  callbackKey: RunnerSecret,
  /** The exact text that is signed. */
  body: z.string(),
});

export type SpoolOutcome =
  | { kind: "accepted"; status: string }
  /** The server has this result, or the attempt's end, already: nothing is left to say. */
  | { kind: "settled"; code: string }
  /** Refused for good: the result stays in `path` for a person to look at. */
  | { kind: "refused"; code: string; message: string; path: string }
  | { kind: "unanswered"; message: string; path: string };

/** Codes that say the server needs nothing more from this claim (`fenced` keeps the result as evidence). */
const SETTLED = new Set(["fenced", "closed", "id_reused"]);

const WAITING = ".json";
const REFUSED = ".refused.json";

/** Writes the message down; returns the file. */
export function spoolResult(home: DataHome, message: SignedMessage, attemptId: string, epoch: number): string {
  const path = join(home.spool, `${fileName(attemptId)}-${epoch}${WAITING}`);
  const spooled: z.infer<typeof SpooledResult> = {
    v: 1,
    attemptId,
    epoch,
    url: message.url.href,
    webhookId: message.id,
    callbackKey: message.secret,
    body: new TextDecoder().decode(message.body),
  };
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, JSON.stringify(spooled), { mode: 0o600, flush: true });
  renameSync(draft, path);
  return path;
}

/** Sends one file of the spool and removes it, or sets it aside, by the answer. */
export async function sendSpooled(path: string, options: DeliveryOptions): Promise<SpoolOutcome> {
  const spooled = readSpooled(path);
  if (spooled === undefined) return setAside(path, "unreadable", "the file does not hold a result");
  const delivery = await deliver(
    {
      method: "POST",
      url: new URL(spooled.url),
      id: spooled.webhookId,
      secret: spooled.callbackKey,
      body: new TextEncoder().encode(spooled.body),
      contentType: "application/json",
    },
    options,
  );
  switch (delivery.kind) {
    case "unanswered":
      return { kind: "unanswered", message: delivery.message, path };
    case "accepted":
      rmSync(path, { force: true });
      return { kind: "accepted", status: attemptStatus(delivery.body) };
    case "refused":
      if (delivery.status === 409 && SETTLED.has(delivery.code)) {
        rmSync(path, { force: true });
        return { kind: "settled", code: delivery.code };
      }
      return setAside(path, delivery.code, delivery.message);
  }
}

/** Files waiting for `server`, oldest name first. What belongs to another server stays for its runner. */
export function waitingResults(home: DataHome, server: URL): string[] {
  return readdirSync(home.spool)
    .filter((name) => name.endsWith(WAITING) && !name.endsWith(REFUSED))
    .sort()
    .map((name) => join(home.spool, name))
    .filter((path) => {
      const spooled = readSpooled(path);
      return spooled === undefined || spooled.url.startsWith(server.href);
    });
}

function readSpooled(path: string): z.infer<typeof SpooledResult> | undefined {
  try {
    return SpooledResult.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function setAside(path: string, code: string, message: string): SpoolOutcome {
  const aside = path.slice(0, -WAITING.length) + REFUSED;
  renameSync(path, aside);
  return { kind: "refused", code, message, path: aside };
}

function attemptStatus(body: unknown): string {
  const status = typeof body === "object" && body !== null && "attemptStatus" in body ? body.attemptStatus : undefined;
  return typeof status === "string" ? status : "";
}
