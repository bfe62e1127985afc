/**
 * A Cloudflare account on loopback, as far as wrangler asks one when it deploys: D1, queues, scripts, secrets,
 * schedules. What is uploaded really runs, in workerd, with the D1 that the migrations were applied to.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { z } from "zod";
import { freePort } from "../process/free-port.ts";
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
  /** Has the cron come once, as it does every minute; false when there is no Worker or it did not take it. */
  cron(): Promise<boolean>;
  [Symbol.asyncDispose]: () => Promise<void>;
};

/** As much of D1 as is used here; miniflare's own type needs a package that nothing else does. */
type Database = { prepare(sql: string): { all(): Promise<{ results: unknown[] }> } };

type Answer = { result: unknown } | { status: number; code: number; message: string };

/** @param token the API token that is taken; any other is refused as Cloudflare refuses it */
export async function startCloudflare(folder: string, token: string): Promise<Cloudflare> {
  const scripts = new Map<string, Upload>();
  const port = await freePort();
  const idle = "export default { fetch: () => new Response('nothing is deployed', { status: 404 }) }";
  const base = {
    port,
    host: "127.0.0.1",
    resourcePersistencePath: folder,
    compatibilityDate: "2026-10-01",
    // For {@link Cloudflare.cron}.
    unsafeTriggerHandlers: true,
  };
  const worker = new Miniflare(
    convertV4MiniflareOptions({ ...base, modules: true, script: idle, d1Databases: { DB: "account" } }),
  );

  const cloudflare: Cloudflare = {
    environment: {},
    workerUrl: `http://127.0.0.1:${port}`,
    databases: [],
    queues: [],
    secrets: new Map(),
    schedules: new Map(),
    assets: new Map(),
    changes: [],
    faults: new Map(),
    unknown: [],
    cron: () =>
      fetch(`http://127.0.0.1:${port}/cdn-cgi/local/scheduled`).then(
        ({ ok }) => ok,
        () => false,
      ),
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
    const [, method, id, query] = /^(GET|POST) \/d1\/database\/([^/]+)(\/query)?$/.exec(call) ?? [];
    if (method === undefined) return undefined;
    const database = cloudflare.databases.find(({ uuid, name }) => uuid === id || name === id);
    if (database === undefined) return { status: 404, code: 7404, message: "The database could not be found" };
    return query === undefined ? { result: database } : runSql(body);
  }

  async function runSql(body: Buffer): Promise<Answer> {
    const { sql } = z.object({ sql: z.string() }).parse(JSON.parse(body.toString()));
    const { DB } = await worker.getBindings<{ DB: Database }>();
    const { results } = await DB.prepare(sql).all();
    return { result: [{ results, success: true, meta: { duration: 1 } }] };
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
        return putSecrets(name, there, body);
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
      default:
        return undefined;
    }
  }

  async function upload(name: string, body: Buffer, type: string): Promise<Answer> {
    const uploaded = await readUpload(body, type);
    if (uploaded.assets?.jwt !== ASSETS_DONE) throw new Error("the script names no files that were uploaded");
    scripts.set(name, uploaded);
    const secrets = secretsOf(name);
    for (const binding of uploaded.bindings)
      if (binding.type === "secret_text") secrets.set(binding.name, binding.text);
    await run(uploaded, secrets);
    const id = randomUUID().replaceAll("-", "");
    return { result: { id: name, etag: id, deployment_id: id, startup_time_ms: 5, available_on_subdomain: true } };
  }

  async function putSecrets(name: string, there: Upload, body: Buffer): Promise<Answer> {
    const Secrets = z.object({ secrets: z.record(z.string(), z.object({ text: z.string() })) });
    const secrets = secretsOf(name);
    for (const [key, { text }] of Object.entries(Secrets.parse(JSON.parse(body.toString())).secrets))
      secrets.set(key, text);
    await run(there, secrets);
    return { result: [] };
  }

  /** The upload in place of what ran before, on the same D1 and the same objects. */
  async function run(uploaded: Upload, secrets: ReadonlyMap<string, string>): Promise<void> {
    const { bindings, main, main_module: path } = uploaded;
    const named = <T>(pick: (binding: Upload["bindings"][number]) => [string, T] | undefined): Record<string, T> =>
      Object.fromEntries(bindings.flatMap((binding) => [pick(binding)].filter((entry) => entry !== undefined)));
    await worker.setOptions(
      convertV4MiniflareOptions({
        ...base,
        compatibilityDate: uploaded.compatibility_date,
        compatibilityFlags: uploaded.compatibility_flags,
        modules: [{ type: "ESModule", path, contents: main }],
        bindings: {
          ...named((b) => (b.type === "plain_text" ? [b.name, b.text] : undefined)),
          ...Object.fromEntries(secrets),
        },
        // One database whatever its id: an account of one environment at a time.
        d1Databases: named((b) => (b.type === "d1" ? [b.name, "account"] : undefined)),
        durableObjects: named((b) =>
          b.type === "durable_object_namespace" ? [b.name, { className: b.class_name, useSQLite: true }] : undefined,
        ),
        queueProducers: named((b) => (b.type === "queue" ? [b.name, b.queue_name] : undefined)),
        ratelimits: named((b) => (b.type === "ratelimit" ? [b.name, b] : undefined)),
      }),
    );
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
