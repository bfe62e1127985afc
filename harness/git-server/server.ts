/**
 * A small forge on loopback: real Git over smart HTTP, and the releases feed of every repository.
 *
 * ```
 * <root>/acme/lantern.git
 *   GET  /acme/lantern.git/info/refs?service=…   and the rest of gitprotocol-http(5)
 *   GET  /acme/lantern/releases.atom             ETag and 304
 *   GET  /                                       an HTML page, as a browser gets
 * ```
 *
 * Whether a repository takes pushes is its own `http.receivepack`.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { type Access, pushRefusal } from "./access.ts";
import { type Control, startControl } from "./control.ts";
import { serveGit } from "./http-backend.ts";
import { entityTag, readReleases, renderReleases } from "./releases-feed.ts";

const GIT_PATH =
  /^\/([\w-][\w.-]*)\/([\w-][\w.-]*?)(?:\.git)?(\/(?:info\/refs|HEAD|git-upload-pack|git-receive-pack|objects\/[\w/.-]+))$/;
const FEED_PATH = /^\/([\w-][\w.-]*)\/([\w-][\w.-]*)\/releases\.atom$/;

export type GitServerOptions = {
  /** Folder of `<owner>/<repo>.git`. */
  root: string;
  /** Any free one by default. */
  port?: number;
  /** Opens `/-/control`, which can make the server fail on purpose. */
  control?: boolean;
  /** Whose token may push. Without it, everybody may. */
  access?: Access;
  /** Sees every request. */
  onRequest?: (request: IncomingMessage) => void;
};

export type GitServer = {
  port: number;
  origin: string;
  close(): Promise<void>;
};

/** Starts it on 127.0.0.1. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const control = startControl(options.control ?? false);
  const server = createServer((request, response) => {
    options.onRequest?.(request);
    handle(options, control, request, response).catch((error: unknown) => {
      process.stderr.write(`${request.method} ${request.url}: ${String(error)}\n`);
      if (response.headersSent) response.destroy();
      else text(response, 500, "internal error");
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the Git server has no port");
  return {
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

async function handle(
  { root, access }: GitServerOptions,
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const origin = `http://${request.headers.host ?? "127.0.0.1"}`;
  if (!URL.canParse(request.url ?? "", origin)) return text(response, 400, "bad request");
  const url = new URL(request.url ?? "/", origin);
  if (await control.answers(url.pathname, request, response)) return;

  const feed = FEED_PATH.exec(url.pathname);
  if (feed?.[1] !== undefined && feed[2] !== undefined) {
    const gitDir = join(root, feed[1], `${feed[2]}.git`);
    if (!existsSync(gitDir)) return text(response, 404, "no such repository");
    return sendFeed(origin, `${feed[1]}/${feed[2]}`, gitDir, request, response);
  }
  const git = GIT_PATH.exec(url.pathname);
  if (git !== null) {
    const [, owner = "", name = "", rest = ""] = git;
    const refusal = access === undefined ? undefined : pushRefusal(access, request, url);
    if (refusal !== undefined) {
      if (refusal.status === 401) response.setHeader("www-authenticate", 'Basic realm="git"');
      return text(response, refusal.status, refusal.says);
    }
    return serveGit(request, response, { root, path: `/${owner}/${name}.git${rest}`, query: url.search.slice(1) });
  }
  if (url.pathname === "/") return html(response, indexPage(root));
  return text(response, 404, "not found");
}

async function sendFeed(
  origin: string,
  repository: string,
  gitDir: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return text(response, 405, "method not allowed");
  const body = renderReleases({ origin, repository }, await readReleases(gitDir));
  const tag = entityTag(body);
  response.setHeader("etag", tag);
  response.setHeader("cache-control", "max-age=0, private, must-revalidate");
  if (request.headers["if-none-match"]?.split(/\s*,\s*/).includes(tag)) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/atom+xml; charset=utf-8" });
  response.end(request.method === "HEAD" ? undefined : body);
}

function indexPage(root: string): string {
  const repositories = readdirSync(root, { withFileTypes: true })
    .filter((owner) => owner.isDirectory())
    .flatMap((owner) => readdirSync(join(root, owner.name)).map((name) => `${owner.name}/${name}`))
    .filter((name) => name.endsWith(".git"));
  const items = repositories.map((name) => `<li>${name}</li>`).join("");
  return `<!doctype html><html lang="en"><title>Repositories</title><h1>Repositories</h1><ul>${items}</ul></html>\n`;
}

function html(response: ServerResponse, body: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(body);
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${body}\n`);
}
