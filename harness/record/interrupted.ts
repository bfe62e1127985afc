/**
 * The command line, told to stop while a request of its is under way: by as many signals as somebody is impatient.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { CliRun, Deployment } from "../deployment/deployment.ts";
import { until } from "../process/until.ts";

export type Interruption = {
  /** The request by its place among those of this method and path, from 1. */
  request: { method: string; path: string; nth: number };
  /** SIGINTs, each after what was said to the one before. After the second the request is not answered any more. */
  signals: 1 | 2;
};

/** Runs `patch.moi <args>` to its end. The deployment has done the request before the first signal comes. */
export async function runInterrupted(
  deployment: Deployment,
  args: readonly string[],
  { request: wanted, signals }: Interruption,
): Promise<CliRun> {
  const { edge, env, folder } = deployment;
  let asked = 0;
  const server = createServer((request, response) => {
    void forward(request, edge.url).then(async ({ status, text }) => {
      const here = request.method === wanted.method && request.url === wanted.path && ++asked === wanted.nth;
      if (here) await signal();
      if (here && signals === 2) return;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [deployment.command(), ...args], {
    cwd: folder,
    env: { ...env, PATCH_MOI_URL: `http://127.0.0.1:${port}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += String(chunk);
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  const signal = async (): Promise<void> => {
    child.kill("SIGINT");
    await until("the command to have heard it", () => stderr.includes("stopping after") || undefined);
    if (signals === 2) child.kill("SIGINT");
  };
  try {
    return { code: await ended, stdout, stderr };
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

async function forward(request: IncomingMessage, to: string): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { authorization = "", "content-type": type = "application/json" } = request.headers;
  const answer = await fetch(`${to}${request.url ?? "/"}`, {
    method: request.method ?? "GET",
    headers: { authorization, "content-type": type },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
  return { status: answer.status, text: await answer.text() };
}
