/**
 * A forge on loopback: its API as its OpenAPI document has it, over a memory of its own.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Faults } from "./faults.ts";
import type { ApiAnswer, ApiCall, ForgeApi, ForgeKind } from "./forge-api.ts";
import { forgejoApi } from "./forgejo-api.ts";
import { githubApi } from "./github-api.ts";
import { gitlabApi } from "./gitlab-api.ts";
import { type ForgeRun, ForgeState, type RepositoryState } from "./state.ts";

const APIS: Record<ForgeKind, ForgeApi> = { github: githubApi, forgejo: forgejoApi, gitlab: gitlabApi };

export type ForgeServer = {
  kind: ForgeKind;
  url: string;
  /** Where its repositories and pages are said to be: a Git server's address, where one plays with it. */
  origin: string;
  apiUrl: string;
  state: ForgeState;
  faults: Faults;
  /** Tokens that are taken, and the login of each. */
  tokens: Map<string, string>;
  /** Whether what is public may be read by anybody, as on the public forges. */
  anonymous: boolean;
  /** Every request as `METHOD /path`. */
  asked: string[];
  /** What was wrong with requests by the document: must stay empty. */
  problems: string[];
  /** Called when a run was started. */
  onRun: (repository: RepositoryState, run: ForgeRun) => void;
  [Symbol.asyncDispose]: () => Promise<void>;
};

export async function startForgeServer(kind: ForgeKind): Promise<ForgeServer> {
  const api = APIS[kind];
  const forge: Omit<ForgeServer, "url" | "origin" | "apiUrl"> = {
    kind,
    state: new ForgeState(),
    faults: new Faults(),
    tokens: new Map(),
    anonymous: false,
    asked: [],
    problems: [],
    onRun: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  let url = "";
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      // A bug of the forge that is played, not of the one who asks.
      forge.problems.push(String(error instanceof Error ? error.stack : error));
      send(response, { status: 500, body: { message: String(error) } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const whole: ForgeServer = Object.assign(forge, { url, origin: url, apiUrl: `${url}${api.prefix}` });
  return whole;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const method = request.method ?? "GET";
    const { pathname, searchParams: query } = new URL(request.url ?? "/", url);
    forge.asked.push(`${method} ${pathname}`);
    const fault = forge.faults.meet(method, pathname);
    if (fault?.kind === "status") return send(response, fault);
    const stranger = forge.anonymous && method === "GET" && request.headers.authorization === undefined;
    const login = stranger ? "" : api.login(request.headers.authorization, forge);
    if (login === undefined) return send(response, { status: 401, body: { message: "Bad credentials" } });
    const path = pathname.startsWith(api.prefix) ? pathname.slice(api.prefix.length) : pathname;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const checked = api.document.check({ method, path, query, body });
    if (!checked.ok) {
      forge.problems.push(...checked.problems);
      return send(response, { status: 422, body: { message: checked.problems.join("; ") } });
    }
    const call: ApiCall = {
      operation: `${method} ${checked.template}`,
      params: checked.params,
      query,
      body: (body ?? {}) as Record<string, unknown>,
      login,
      state: forge.state,
      origin: whole.origin,
      started: (repository, run) => whole.onRun(repository, run),
    };
    const answered = api.handle(call);
    if (fault?.kind === "done_unanswered") {
      response.destroy();
      return;
    }
    send(response, answered);
  }
}

function send(response: ServerResponse, { status, body, headers }: ApiAnswer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? "" : JSON.stringify(body));
}
