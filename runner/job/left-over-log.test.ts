import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { sendLeftOverLogs, writeLogOwner } from "./left-over-log.ts";
import { type LoopbackEdge, loopbackEdge, type Reply } from "./testing/loopback-edge.ts";
import { newSecret, type Scratch, scratch } from "./testing/scratch.ts";

let folder: Scratch;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder[Symbol.dispose]());

/** The log of a runner that was killed; answers the secret it is signed with. */
async function leftOver(name: string, server: URL, callbackKey: string): Promise<string> {
  const log = join(folder.home.logs, `${name}.log`);
  writeFileSync(log, "first line\nlast line\n");
  writeLogOwner(log, server, { attemptId: "web.1", epoch: 1, nonce: "nonce-nonce-nonce", callbackKey });
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  const owner = {
    server: server.href,
    head: { attemptId: "web.1", epoch: 1, nonce: "nonce-nonce-nonce", callbackKey },
  };
  writeFileSync(`${log}.owner`, JSON.stringify({ ...owner, pid: child.pid, startedAt: "1" }));
  return log;
}

async function send(reply: Reply): Promise<LoopbackEdge> {
  const secret = newSecret();
  const edge = await loopbackEdge({ secrets: [secret], reply: () => reply });
  await leftOver("web_1-1", edge.url, secret);
  await leftOver("elsewhere", new URL("https://other.example/"), secret);
  writeLogOwner(join(folder.home.logs, "running.log"), edge.url, {
    attemptId: "web.2",
    epoch: 1,
    nonce: "nonce-nonce-nonce",
    callbackKey: secret,
  });
  writeFileSync(join(folder.home.logs, "running.log"), "still written\n");
  await sendLeftOverLogs(folder.home, edge.url, systemClock, new AbortController().signal);
  await edge.close();
  return edge;
}

const logs = () => readdirSync(folder.home.logs).filter((name) => name.endsWith(".log"));

test("the log of a killed runner is sent at the next start and removed; others stay", async () => {
  const edge = await send({ status: 200, body: { ack: 21 } });
  expect(edge.seen.map(({ body, path }) => [path, body])).toEqual([
    ["/runner/attempts/web.1/log", "first line\nlast line\n"],
  ]);
  expect(logs()).toEqual(["elsewhere.log", "running.log"]);
});

test("one that the server refuses is removed; one it could not be asked about waits", async () => {
  await send({ status: 409, body: { error: { code: "fenced", message: "not yours" } } });
  expect(logs()).toEqual(["elsewhere.log", "running.log"]);
  await send({ status: 503 });
  expect(logs()).toEqual(["elsewhere.log", "running.log", "web_1-1.log"]);
});
