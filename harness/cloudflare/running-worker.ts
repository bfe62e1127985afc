/**
 * What an account runs: the Worker that was uploaded last, in workerd, with its D1, its objects and whoever tails it.
 *
 * @module
 */
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { freePort } from "../process/free-port.ts";
import { TAIL_WORKER, tailWorker } from "./tail-worker.ts";
import type { Upload } from "./upload.ts";

/** As much of D1 as is used here; miniflare's own type needs a package that nothing else does. */
type Database = { prepare(sql: string): { all(): Promise<{ results: unknown[] }> } };

const IDLE = "export default { fetch: () => new Response('nothing is deployed', { status: 404 }) }";

const IDLE_DATE = "2026-10-01";

/** One database whatever its id: an account of one environment at a time. */
const DATABASE = "account";

export class RunningWorker {
  /** Where it answers. */
  readonly url: string;
  /** Where a WebSocket gets the trace of every invocation. */
  readonly tailUrl: string;
  readonly #folder: string;
  readonly #ports: { worker: number; tail: number };
  readonly #miniflare: Miniflare;

  /** Nothing is deployed at first. @param folder where D1 and the objects are kept */
  static async start(folder: string): Promise<RunningWorker> {
    return new RunningWorker(folder, { worker: await freePort(), tail: await freePort() });
  }

  private constructor(folder: string, ports: { worker: number; tail: number }) {
    this.#folder = folder;
    this.#ports = ports;
    this.url = `http://127.0.0.1:${ports.worker}`;
    this.tailUrl = `ws://127.0.0.1:${ports.tail}/`;
    this.#miniflare = new Miniflare(this.#options({ modules: true, script: IDLE, d1Databases: { DB: DATABASE } }));
  }

  /** The upload in place of what ran before, on the same D1 and the same objects. */
  async run(uploaded: Upload, secrets: ReadonlyMap<string, string>): Promise<void> {
    const { bindings, main, main_module: path } = uploaded;
    const named = <T>(pick: (binding: Upload["bindings"][number]) => [string, T] | undefined): Record<string, T> =>
      Object.fromEntries(bindings.flatMap((binding) => [pick(binding)].filter((entry) => entry !== undefined)));
    await this.#miniflare.setOptions(
      this.#options({
        compatibilityDate: uploaded.compatibility_date,
        compatibilityFlags: uploaded.compatibility_flags,
        modules: [{ type: "ESModule", path, contents: main }],
        bindings: {
          ...named((b) => (b.type === "plain_text" ? [b.name, b.text] : undefined)),
          ...Object.fromEntries(secrets),
        },
        d1Databases: named((b) => (b.type === "d1" ? [b.name, DATABASE] : undefined)),
        durableObjects: named((b) =>
          b.type === "durable_object_namespace" ? [b.name, { className: b.class_name, useSQLite: true }] : undefined,
        ),
        queueProducers: named((b) => (b.type === "queue" ? [b.name, b.queue_name] : undefined)),
        ratelimits: named((b) => (b.type === "ratelimit" ? [b.name, b] : undefined)),
      }),
    );
  }

  /** Asks the database. */
  async sql(text: string): Promise<unknown[]> {
    const { DB } = await this.#miniflare.getBindings<{ DB: Database }>();
    return (await DB.prepare(text).all()).results;
  }

  /** Has the cron come once; false when there is no Worker or it did not take it. */
  cron(): Promise<boolean> {
    return fetch(`${this.url}/cdn-cgi/local/scheduled`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  dispose(): Promise<void> {
    return this.#miniflare.dispose();
  }

  #options(worker: V4WorkerOptions): MiniflareOptions {
    const own: V4WorkerOptions = { name: "worker", compatibilityDate: IDLE_DATE, ...worker, tails: [TAIL_WORKER] };
    return convertV4MiniflareOptions({
      port: this.#ports.worker,
      host: "127.0.0.1",
      resourcePersistencePath: this.#folder,
      // For {@link RunningWorker.cron}.
      unsafeTriggerHandlers: true,
      workers: [own, tailWorker(this.#ports.tail)],
    });
  }
}
