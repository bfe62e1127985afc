/**
 * Runs the command line as its users do, as a process, and a server for it to talk to.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Compiled once for all tests: the same sources are started many times. */
const OUR_ENV = {
  PATH: process.env.PATH,
  HOME: "/nowhere",
  NODE_COMPILE_CACHE: join(tmpdir(), "patch-moi-test-compile-cache"),
};

export type Ended = { code: number | null; stdout: string; stderr: string };

export type Run = {
  cwd?: string;
  /** Largest file that it may write, bytes: what the kernel refuses beyond is as on a disk that is full. */
  mostBytes?: number;
  onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Told all of stderr so far, whenever there is more. */
  onStderr?: (text: string) => void;
  /** Told all of stdout so far, whenever there is more. */
  onStdout?: (text: string) => void;
};

/** Nothing of our environment but the PATH: a developer's PATCH_MOI_URL must not be asked. */
export function patchMoi(args: readonly string[], env: Record<string, string> = {}, run: Run = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const command = [process.execPath, MAIN, ...args];
    const blocks = Math.floor((run.mostBytes ?? 0) / 512);
    // POSIX counts the limit in blocks of 512 bytes.
    const limited = ["sh", "-c", `ulimit -f ${blocks}; exec "$@"`, "sh", ...command];
    const [program = "", ...rest] = run.mostBytes === undefined ? command : limited;
    const child = spawn(program, rest, {
      cwd: run.cwd,
      env: { ...OUR_ENV, ...env },
    });
    const ended: Ended = { code: null, stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      ended.stdout += chunk.toString("utf8");
      run.onStdout?.(ended.stdout);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      ended.stderr += chunk.toString("utf8");
      run.onStderr?.(ended.stderr);
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...ended, code }));
    child.stdin.end();
    run.onStart?.((signal) => child.kill(signal));
  });
}

export type ApiCall = { method: string; path: string; query: string; headers: Headers; body: unknown };

export type TestApi = { env: Record<string, string>; calls: ApiCall[]; [Symbol.asyncDispose]: () => Promise<void> };

/** An admin API for one test: answers by `METHOD /path`, or promises of them, 404 for the rest, 401 without the token. */
export async function testApi(answers: Record<string, unknown>): Promise<TestApi> {
  const calls: ApiCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://api");
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers))
        if (typeof value === "string") headers.set(name, value);
      const text = Buffer.concat(chunks).toString("utf8");
      const body = text === "" ? undefined : (JSON.parse(text) as unknown);
      calls.push({ method: request.method ?? "", path: url.pathname, query: url.search, headers, body });
      const promised = Promise.resolve(answers[`${request.method} ${url.pathname}`]);
      const send = (status: number, answer: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(answer));
      };
      void promised.then((found) => {
        if (headers.get("authorization") !== "Bearer test-token")
          send(401, { error: { code: "unauthorized", message: "the token is missing or wrong" } });
        else if (found === undefined)
          send(404, { error: { code: "not_found", message: `${url.pathname} is not here` } });
        else send(200, found);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { PATCH_MOI_URL: `http://127.0.0.1:${port}`, PATCH_MOI_TOKEN: "test-token" },
    calls,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
