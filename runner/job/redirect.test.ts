import { execFileSync } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { performJob } from "./perform-job.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type Scratch, scratch, testEnvelope } from "./testing/scratch.ts";

let folder: Scratch;
let repositories: Repositories;
let servers: Server[];
beforeEach(() => {
  folder = scratch();
  repositories = Repositories.in(folder.path);
  repositories.release("v2", { a: lines({ 18: "theirs" }) });
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  folder[Symbol.dispose]();
});

type Request = { method: string; authorization: string | undefined };

/** A server; answers its origin and what it was asked. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: Request[] = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? "", authorization: request.headers.authorization });
    request.resume();
    answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Asks for a password, then speaks as git's own server does, for reading. */
function gitServer(authorized: boolean) {
  const refs = execFileSync("git", ["upload-pack", "--http-backend-info-refs", repositories.fork]);
  return (request: IncomingMessage, response: ServerResponse) => {
    if (authorized && request.headers.authorization === undefined)
      return void response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    if (request.method !== "GET") return void response.writeHead(403).end();
    response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" });
    response.end(Buffer.concat([Buffer.from("001e# service=git-upload-pack\n0000"), refs]));
  };
}

async function perform(fork: string) {
  const tools = {
    home: folder.home,
    signal: new AbortController().signal,
    progress: () => {},
    log: () => {},
    redact: (text: string) => text,
    push: true,
  };
  const env = { PATH: process.env.PATH, PATCH_MOI_GIT_TOKEN: "canary-token" };
  return performJob(testEnvelope({ upstream: repositories.upstream, fork }), tools, env);
}

const BASIC = `Basic ${Buffer.from("x-access-token:canary-token").toString("base64")}`;
const sent = (seen: readonly Request[]) => seen.flatMap(({ authorization }) => authorization ?? []);

test("the credential goes to the host it is for, when that asks", async () => {
  const forge = await serve(gitServer(true));
  await perform(`${forge.origin}/fork.git`);
  expect(sent(forge.seen)[0]).toBe(BASIC);
});

test.each([[true], [false]])(
  "the credential does not follow a redirect to another host (that asks: %s)",
  async (asks) => {
    const other = await serve(gitServer(asks));
    const forge = await serve((request, response) => {
      response.writeHead(302, { location: `${other.origin}${request.url}` }).end();
    });
    const result = await perform(`${forge.origin}/fork.git`);
    expect(result).toMatchObject({ outcome: "blocked" });
    expect(other.seen.length).toBeGreaterThan(0);
    expect(sent(other.seen)).toEqual([]);
  },
);
