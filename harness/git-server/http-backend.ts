/**
 * `git http-backend` as a CGI program behind node:http, streaming both ways.
 *
 * @module
 */
import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

/** Longest head a CGI answer may have; http-backend's are a few hundred bytes. */
const MAX_HEAD = 64 * 1024;

export type BackendRequest = {
  /** Folder that holds `<owner>/<repo>.git`. */
  root: string;
  /** Path under `root`, starting with a slash. */
  path: string;
  query: string;
};

/** Answers one request of Git's smart HTTP (gitprotocol-http(5)). */
export async function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  { root, path, query }: BackendRequest,
): Promise<void> {
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      // Whoever runs the harness may have hooks, credentials or `url.insteadOf` configured.
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? "GET",
      REMOTE_ADDR: request.socket.remoteAddress ?? "127.0.0.1",
      SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
      ...variable("CONTENT_TYPE", request.headers["content-type"]),
      // Absent on a chunked request; http-backend then reads to the end of its input.
      ...variable("CONTENT_LENGTH", request.headers["content-length"]),
      // http-backend unpacks gzip by itself.
      ...variable("HTTP_CONTENT_ENCODING", request.headers["content-encoding"]),
      ...variable("GIT_PROTOCOL", headerText(request.headers["git-protocol"])),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  backend.stderr.setEncoding("utf8");
  backend.stderr.on("data", (text: string) => {
    complaint = (complaint + text).slice(-4096);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    backend.on("error", reject);
    backend.on("close", resolve);
  });
  response.on("close", () => {
    if (!response.writableFinished) backend.kill();
  });
  // http-backend may answer (and close its input) before it has read everything: that is no failure of ours.
  const fed = pipeline(request, backend.stdin).catch(() => {});
  await Promise.all([answer(backend.stdout, response), fed, ended]);
  const code = backend.exitCode;
  if (code !== 0 && complaint !== "") process.stderr.write(`git http-backend ${path}: exit ${code}: ${complaint}\n`);
}

/** Copies a CGI answer: its head becomes status and headers (RFC 3875, 6.2), the rest is streamed. */
async function answer(output: NodeJS.ReadableStream, response: ServerResponse): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const piece of output) {
    const chunk = Buffer.from(piece);
    if (head === undefined) {
      await write(response, chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (head.length > MAX_HEAD) break;
      continue;
    }
    sendHead(response, head.subarray(0, end).toString("latin1"));
    const rest = head.subarray(end + 4);
    head = undefined;
    if (rest.length > 0) await write(response, rest);
  }
  if (head !== undefined)
    response.writeHead(500, { "content-type": "text/plain" }).end("git http-backend gave no answer\n");
  else response.end();
}

function sendHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}

async function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (response.destroyed) return;
  if (response.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

function variable(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(":") : value;
}
