/**
 * A workspace backend on loopback: events come signed over HTTP or as JSON-RPC over WebSocket, and
 * become runs that a test ends as it likes. Its next answers can be made bad ones.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { acceptWebSocket } from "./web-socket.ts";

export type BackendRun = { id: string; eventId: string; status: string; replay: boolean; resultPayload?: unknown };

/** What is answered instead of the truth; `after` when the request was acted on nevertheless. */
export type Trouble = { status: number; body: string; headers?: Record<string, string>; after?: boolean };

export class WorkspaceBackend {
  readonly runs: BackendRun[] = [];
  readonly events = new Map<string, unknown>();
  /** Every call, as `POST /events` or `flow.dispatch`. */
  readonly calls: string[] = [];
  /** For the calls of this name, the first one first. */
  readonly trouble = new Map<string, Trouble[]>();
  /** Called with each new run and its event; until somebody ends it the run goes on. */
  onRun: (run: BackendRun, event: unknown) => void = () => undefined;
  readonly #secret: string;
  readonly #server: Server;

  private constructor(secret: string) {
    this.#secret = secret;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request, socket) => {
      if (request.headers.authorization !== `Bearer ${this.#secret}`)
        return socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
      let greeted = false;
      acceptWebSocket(request, socket, (text) => {
        const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: Params };
        this.calls.push(method);
        if (method === "workspace.initialize") greeted = true;
        if (!greeted)
          return JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32600, message: "not initialized" } });
        const result = this.#rpc(method, params);
        const answer = result === undefined ? { error: { code: 404, message: "not found" } } : { result };
        return JSON.stringify({ jsonrpc: "2.0", id, ...answer });
      });
    });
  }

  static async start(secret: string): Promise<WorkspaceBackend> {
    const backend = new WorkspaceBackend(secret);
    await new Promise<void>((resolve) => backend.#server.listen(0, "127.0.0.1", resolve));
    return backend;
  }

  get host(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the backend has no port");
    return `127.0.0.1:${address.port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Ends the last run of an event. */
  end(eventId: string, resultPayload: unknown): void {
    const run = this.runs.findLast((one) => one.eventId === eventId);
    if (run === undefined) throw new Error(`no run of ${eventId}`);
    Object.assign(run, { status: "completed", resultPayload });
  }

  #rpc(method: string, params: Params): unknown {
    switch (method) {
      case "workspace.initialize":
        return { serverInfo: { name: "harness" } };
      case "flow.dispatch":
        return this.#take(params.event as { id: string });
      case "flow.replay":
        return this.#replay(params.eventId ?? "");
      case "flow.listRuns":
        return { runs: this.runs };
      case "flow.getRun":
        return this.runs.find((run) => run.id === params.runId);
      case "flow.cancelRun": {
        const run = this.runs.find((one) => one.id === params.runId);
        if (run !== undefined) run.status = "cancelled";
        return run;
      }
      case "flow.listEvents":
        return { events: [...this.events.values()] };
      case "flow.getEvent":
        return this.events.get(params.eventId ?? "");
      default:
        return undefined;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", "http://backend");
    const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
    const call = `${request.method} /${parts[0]}${parts[2] === undefined ? (parts[1] === undefined ? "" : "/:id") : "/:id/replay"}`;
    this.calls.push(call);
    if (request.method === "POST" && !this.#signed(request, body))
      return void response.writeHead(401).end("bad signature");
    const trouble = this.trouble.get(call)?.shift();
    const answer = trouble === undefined || trouble.after === true ? this.#answer(call, parts, url, body) : undefined;
    if (trouble !== undefined) return void response.writeHead(trouble.status, trouble.headers).end(trouble.body);
    if (answer === undefined) return void response.writeHead(404).end("not found");
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  #answer(call: string, parts: string[], url: URL, body: Buffer): unknown {
    const id = parts[1] ?? "";
    switch (call) {
      case "POST /events":
        return this.#take(JSON.parse(body.toString()) as { id: string });
      case "POST /events/:id/replay":
        return this.#replay(id);
      case "GET /events":
        return { events: [...this.events.values()] };
      case "GET /events/:id":
        return this.events.get(id);
      case "GET /runs":
        return { runs: this.runs.filter((run) => run.eventId === (url.searchParams.get("eventId") ?? run.eventId)) };
      default:
        return this.runs.find((run) => run.id === id);
    }
  }

  #take(event: { id: string }): unknown {
    const known = this.runs.filter((run) => run.eventId === event.id);
    if (this.events.has(event.id))
      return { runIds: known.map((run) => run.id), matched: known.length, idempotent: true };
    this.events.set(event.id, event);
    return this.#run(event.id, false);
  }

  #replay(eventId: string): unknown {
    return this.events.has(eventId) ? this.#run(eventId, true) : undefined;
  }

  #run(eventId: string, replay: boolean): unknown {
    const run: BackendRun = { id: `run-${this.runs.length + 1}`, eventId, status: "running", replay };
    this.runs.push(run);
    this.onRun(run, this.events.get(eventId));
    return { runIds: [run.id], matched: 1 };
  }

  #signed(request: IncomingMessage, body: Buffer): boolean {
    const wanted = Buffer.from(`sha256=${createHmac("sha256", this.#secret).update(body).digest("hex")}`);
    const given = Buffer.from(String(request.headers["x-flow-signature-256"] ?? ""));
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

type Params = { event?: unknown; eventId?: string; runId?: string };
