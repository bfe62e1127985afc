/**
 * A Cloudflare account on loopback, as far as wrangler asks one when it deploys and looks after a deployment: D1 and
 * its Time Travel, queues, scripts, secrets, schedules, tails. What is uploaded really runs, in workerd, with the D1 that the migrations were applied to.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { RunningWorker } from "./running-worker.ts";
import { TimeTravel } from "./time-travel.ts";
import { readUpload, type Upload } from "./upload.ts";

/** What wrangler is told to deploy to. */
export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";

/** Tokens that files are uploaded with, and that the script names them by. */
const ASSETS_SESSION = "assets-session";
const ASSETS_DONE = "assets-done";

export type Cloudflare = {
  /** Environment variables that make wrangler talk to this account. */
  environment: Record<string, string>;
  /** Where the uploaded Worker of the newest deployment answers. */
  workerUrl: string;
  databases: { uuid: string; name: string }[];
  queues: { queue_id: string; queue_name: string; consumers: unknown[] }[];
  /** Secrets of each script, by the script's name. */
  secrets: Map<string, Map<string, string>>;
  schedules: Map<string, unknown>;
  /** Paths of the static files of each script, by the script's name. */
  assets: Map<string, string[]>;
  /** Every request that changed something, as `METHOD /path`. */
  changes: string[];
  /** Answers in place of the right ones, by `METHOD /path`. */
  faults: Map<string, { status: number; code: number; message: string }>;
  /** Requests that nobody here knows: must stay empty. */
  unknown: string[];
  /** Scripts that are tailed, by the tail's id. */
  tails: Map<string, string>;
  /** Has the cron come once, as it does every minute; false when there is no Worker or it did not take it. */
  cron(): Promise<boolean>;
  /** From now on D1 can be taken back to this moment; Cloudflare keeps every one. */
  keepMoment(): Promise<Date>;
  [Symbol.asyncDispose]: () => Promise<void>;
};

const Secret = z.object({ name: z.string(), text: z.string(), type: z.literal("secret_text") });
const Secrets = z.object({ secrets: z.record(z.string(), z.object({ text: z.string() })) });

/** How long a tail is kept open, milliseconds. */
const TAIL_LIFE_MS = 6 * 3_600_000;

type Answer = { result: unknown } | { status: number; code: number; message: string };

const NO_BOOKMARK = { status: 404, code: 7404, message: "There is no such bookmark" };

/** @param token the API token that is taken; any other is refused as Cloudflare refuses it */
export async function startCloudflare(folder: string, token: string): Promise<Cloudflare> {
  const scripts = new Map<string, Upload>();
  const worker = await RunningWorker.start(folder);
  const timeTravel = new TimeTravel(folder);

  const cloudflare: Cloudflare = {
    environment: {},
    workerUrl: worker.url,
    databases: [],
    queues: [],
    secrets: new Map(),
    schedules: new Map(),
    assets: new Map(),
    changes: [],
    faults: new Map(),
    unknown: [],
    tails: new Map(),
    cron: () => worker.cron(),
    keepMoment: async () => (await timeTravel.keep()).at,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await worker.dispose();
    },
  };
  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown): Answer => ({ status: 500, code: 10013, message: String(error) }))
      .then((answered) => send(response, answered));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cloudflare.environment = {
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    CLOUDFLARE_API_TOKEN: token,
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
  };
  return cloudflare;

  async function answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", "http://cloudflare");
    const call = `${request.method ?? "GET"} ${url.pathname.replace(`/accounts/${ACCOUNT_ID}`, "")}`;
    // Files come with a token of their own, which the session before gave.
    const expected = url.pathname.endsWith("/workers/assets/upload") ? ASSETS_SESSION : token;
    if (request.headers.authorization !== `Bearer ${expected}`)
      return { status: 400, code: 10000, message: "Authentication error" };
    if (!call.startsWith("GET ") && !call.endsWith("/query")) cloudflare.changes.push(call);
    const fault = cloudflare.faults.get(call);
    if (fault !== undefined) return fault;
    const type = request.headers["content-type"] ?? "";
    const found = d1(call, url, body) ?? assets(call, body) ?? queue(call, url, body) ?? script(call, body, type);
    if (found !== undefined) return await found;
    cloudflare.unknown.push(call);
    return { status: 404, code: 7003, message: `No route for ${call}` };
  }

  function d1(call: string, url: URL, body: Buffer): Answer | Promise<Answer> | undefined {
    if (call === "GET /d1/database")
      return { result: (url.searchParams.get("page") ?? "1") === "1" ? cloudflare.databases : [] };
    if (call === "POST /d1/database") {
      const { name } = z.object({ name: z.string() }).parse(JSON.parse(body.toString()));
      const database = { uuid: randomUUID(), name };
      cloudflare.databases.push(database);
      return { result: database };
    }
    const [, id, part] =
      /^(?:GET|POST) \/d1\/database\/([^/]+)(\/query|\/time_travel\/(?:bookmark|restore))?$/.exec(call) ?? [];
    if (id === undefined) return undefined;
    const database = cloudflare.databases.find(({ uuid, name }) => uuid === id || name === id);
    if (database === undefined) return { status: 404, code: 7404, message: "The database could not be found" };
    if (part === undefined) return { result: database };
    return part === "/query" ? runSql(body) : travel(url);
  }

  async function runSql(body: Buffer): Promise<Answer> {
    const { sql } = z.object({ sql: z.string() }).parse(JSON.parse(body.toString()));
    return { result: [{ results: await worker.sql(sql), success: true, meta: { duration: 1 } }] };
  }

  async function travel(url: URL): Promise<Answer> {
    const asked = url.searchParams.get("bookmark");
    if (asked === null) {
      const time = url.searchParams.get("timestamp");
      const bookmark = time === null ? (await timeTravel.keep()).bookmark : timeTravel.bookmarkAt(new Date(time));
      return bookmark === undefined ? NO_BOOKMARK : { result: { bookmark } };
    }
    const restored = await timeTravel.restore(asked);
    return restored === undefined ? NO_BOOKMARK : { result: restored };
  }

  function assets(call: string, body: Buffer): Answer | undefined {
    if (call === "POST /workers/assets/upload") return { result: { jwt: ASSETS_DONE } };
    const [, name] = /^POST \/workers\/scripts\/([^/]+)\/assets-upload-session$/.exec(call) ?? [];
    if (name === undefined) return undefined;
    const { manifest } = z
      .object({ manifest: z.record(z.string(), z.object({ hash: z.string() })) })
      .parse(JSON.parse(body.toString()));
    cloudflare.assets.set(name, Object.keys(manifest).toSorted());
    return { result: { jwt: ASSETS_SESSION, buckets: [Object.values(manifest).map(({ hash }) => hash)] } };
  }

  function queue(call: string, url: URL, body: Buffer): Answer | undefined {
    if (call === "GET /queues") {
      const name = url.searchParams.get("name");
      return { result: cloudflare.queues.filter(({ queue_name }) => name === null || queue_name === name) };
    }
    if (call === "POST /queues") {
      const { queue_name } = z.object({ queue_name: z.string() }).parse(JSON.parse(body.toString()));
      const made = { queue_id: randomUUID(), queue_name, producers: [], consumers: [] };
      cloudflare.queues.push(made);
      return { result: made };
    }
    const [, method, id] = /^(GET|POST|PUT) \/queues\/([^/]+)\/consumers(?:\/[^/]+)?$/.exec(call) ?? [];
    const one = cloudflare.queues.find(({ queue_id }) => queue_id === id);
    if (method === undefined || one === undefined) return undefined;
    if (method !== "GET") {
      const settings = z.looseObject({ script_name: z.string() }).parse(JSON.parse(body.toString()));
      one.consumers = [{ ...settings, consumer_id: `${one.queue_id}-1`, script: settings.script_name, type: "worker" }];
    }
    return { result: one.consumers };
  }

  function script(call: string, body: Buffer, type: string): Answer | Promise<Answer> | undefined {
    if (call === "GET /workers/subdomain") return { result: { subdomain: "example" } };
    const [, method, name = "", part = ""] =
      /^(\w+) \/workers\/(?:scripts|services|workers)\/([^/]+)(.*)$/.exec(call) ?? [];
    if (method === undefined) return undefined;
    if (method === "PUT" && part === "") return upload(name, body, type);
    const there = scripts.get(name);
    if (there === undefined)
      return { status: 404, code: 10007, message: "This Worker does not exist on your account." };
    const secrets = secretsOf(name);
    switch (`${method} ${part}`) {
      // As a service, as a script and as a Worker: three generations of the API, asked in one deployment.
      case "GET ":
        return {
          result: {
            id: name,
            default_environment: { environment: "production", script: { last_deployed_from: "wrangler" } },
            subdomain: { enabled: true, previews_enabled: true },
          },
        };
      case "GET /secrets":
        return { result: [...secrets.keys()].map((key) => ({ name: key, type: "secret_text" })) };
      case "PATCH /secrets-bulk":
        return putSecrets(name, there, Secrets.parse(JSON.parse(body.toString())).secrets);
      case "PUT /secrets": {
        const secret = Secret.parse(JSON.parse(body.toString()));
        return putSecrets(name, there, { [secret.name]: secret });
      }
      case "POST /tails": {
        const id = randomUUID();
        cloudflare.tails.set(id, name);
        return { result: { id, url: worker.tailUrl, expires_at: new Date(Date.now() + TAIL_LIFE_MS).toISOString() } };
      }
      case "GET /deployments":
        return { result: { deployments: [] } };
      case "GET /settings":
        return { result: { bindings: there.bindings, tags: [] } };
      case "GET /subdomain":
      case "POST /subdomain":
        return { result: { enabled: true, previews_enabled: true } };
      case "PUT /schedules":
        cloudflare.schedules.set(name, JSON.parse(body.toString()));
        return { result: { schedules: [] } };
      case "PATCH /script-settings":
        return { result: {} };
      default: {
        const [, tail] = /^DELETE \/tails\/([^/]+)$/.exec(`${method} ${part}`) ?? [];
        return tail !== undefined && cloudflare.tails.delete(tail) ? { result: null } : undefined;
      }
    }
  }

  async function upload(name: string, body: Buffer, type: string): Promise<Answer> {
    const uploaded = await readUpload(body, type);
    if (uploaded.assets?.jwt !== ASSETS_DONE) throw new Error("the script names no files that were uploaded");
    scripts.set(name, uploaded);
    const secrets = secretsOf(name);
    // What an upload does not say it keeps is gone.
    const inherited = new Set(uploaded.bindings.flatMap((b) => (b.type === "inherit" ? [b.name] : [])));
    if (uploaded.keep_bindings?.includes("secret_text") !== true)
      for (const key of secrets.keys()) if (!inherited.has(key)) secrets.delete(key);
    for (const binding of uploaded.bindings)
      if (binding.type === "secret_text") secrets.set(binding.name, binding.text);
    await worker.run(uploaded, secrets);
    const id = randomUUID().replaceAll("-", "");
    return { result: { id: name, etag: id, deployment_id: id, startup_time_ms: 5, available_on_subdomain: true } };
  }

  async function putSecrets(name: string, there: Upload, given: Record<string, { text: string }>): Promise<Answer> {
    const secrets = secretsOf(name);
    for (const [key, { text }] of Object.entries(given)) secrets.set(key, text);
    await worker.run(there, secrets);
    return { result: [] };
  }

  function secretsOf(name: string): Map<string, string> {
    const secrets = cloudflare.secrets.get(name) ?? new Map<string, string>();
    cloudflare.secrets.set(name, secrets);
    return secrets;
  }
}

function send(response: ServerResponse, answered: Answer): void {
  const ok = "result" in answered;
  response.writeHead(ok ? 200 : answered.status, { "content-type": "application/json" });
  const errors = ok ? [] : [{ code: answered.code, message: answered.message }];
  response.end(JSON.stringify({ success: ok, errors, messages: [], result: ok ? answered.result : null }));
}
