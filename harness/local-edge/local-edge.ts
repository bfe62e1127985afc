/**
 * The Worker on this machine: wrangler and workerd with real D1, objects, queue and cron, all kept on disk.
 *
 * wrangler does not run cron triggers by itself; {@link LocalEdge.tick} runs the scheduled handler.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, refuseEnded } from "../process/child.ts";
import { freePort } from "../process/free-port.ts";
import { until } from "../process/until.ts";
import { applyLocalMigrations } from "./local-migrations.ts";
import { releaseLostBatches } from "./local-record.ts";
import { PROJECT, startWrangler } from "./wrangler.ts";

export type LocalEdgeOptions = {
  /** Folder of D1, objects and queue; what makes a second start go on where the first ended. */
  state: string;
  adminToken: string;
  signingKey: string;
  /** As PATCH_CREDENTIALS_KEYS; without it credentials cannot be kept. */
  credentialsKeys?: string;
  /** Any free one by default. */
  port?: number;
  /** Further variables and secrets of the Worker, by their names. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** `<state>/edge.log` by default. */
  log?: string;
  /** Folder with `wrangler.toml`; the project itself by default, and then an edit reloads the Worker. */
  project?: string;
};

export type LocalEdge = {
  url: string;
  adminToken: string;
  log: string;
  process(): Child;
  /** Runs the cron handler once; false when the edge did not answer. */
  tick(): Promise<boolean>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  /** SIGKILL to wrangler and workerd at once. */
  kill(): Promise<void>;
  /** Starts it again, same port, same state; from another version of the project after its migrations. */
  start(project?: string): Promise<void>;
};

/** Applies the migrations, starts the Worker and waits until it answers. */
export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const { state } = options;
  mkdirSync(state, { recursive: true });
  const log = options.log ?? join(state, "edge.log");
  const place = { project: options.project ?? PROJECT, state, log };
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const secrets = join(state, "edge.env");
  // A file of our own, so that no secret shows in the process list and no .dev.vars of the user's is read.
  writeFileSync(secrets, environment(options, url), { mode: 0o600 });

  await applyLocalMigrations(place.project, state);
  let child = await boot();
  return {
    url,
    adminToken: options.adminToken,
    log,
    process: () => child,
    tick: () => tick(url),
    stop: () => child.stop(),
    kill: () => child.kill(),
    async start(project) {
      if (child.exit() === undefined) throw new Error("the edge is running already");
      if (project !== undefined) {
        place.project = project;
        await applyLocalMigrations(project, state);
      }
      child = await boot();
    },
  };

  async function boot(): Promise<Child> {
    releaseLostBatches(state);
    const flags = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", "--persist-to", state];
    const started = startWrangler("the edge", ["dev", "--env-file", secrets, ...flags], place);
    try {
      await until(
        "the edge to answer /healthz",
        async () => {
          refuseEnded(started);
          return (await answers(`${url}/healthz`)) || undefined;
        },
        { timeoutMs: 60_000, seen: () => started.output().trimEnd().split("\n").slice(-8) },
      );
      return started;
    } catch (error) {
      await started.kill();
      throw error;
    }
  }
}

/** Runs the cron handler of a local Worker; false when nobody answered. */
export async function tick(url: string): Promise<boolean> {
  return answers(`${url}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent("* * * * *")}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function environment(options: LocalEdgeOptions, url: string): string {
  const values = {
    PATCH_ADMIN_TOKEN: options.adminToken,
    PATCH_SIGNING_KEY: options.signingKey,
    PATCH_CREDENTIALS_KEYS: options.credentialsKeys,
    PATCH_ALLOW_LOCAL: "true",
    PATCH_URL: url,
    ...options.variables,
  };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join("");
}
