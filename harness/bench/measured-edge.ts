/**
 * The Worker with meters on this machine: real workerd and D1, one state of the code, its own folder.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { freezeProject } from "../local-edge/frozen-project.ts";
import { type LocalEdge, startLocalEdge } from "../local-edge/local-edge.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type ProcessUsage, usageOfTree } from "./process-usage.ts";
import { openRecord } from "./record-fill.ts";

const WORKER = "harness/edge/measured-worker.ts";

export type MeasuredEdge = {
  url: string;
  adminToken: string;
  get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  post: (path: string, body: unknown) => Promise<Response>;
  /** CPU time and memory of workerd; undefined where the system does not tell. */
  usage: () => ProcessUsage | undefined;
  /** Stops the edge, lets `change` write into its record, and starts it again. */
  changeRecord: (change: (record: DatabaseSync) => void) => Promise<void>;
  remove: () => Promise<void>;
};

/** Starts it with an empty record. */
export async function startMeasuredEdge(): Promise<MeasuredEdge> {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-bench-"));
  const project = join(folder, "project");
  const state = join(folder, "state");
  freezeProject(project);
  cpSync(join(PROJECT, "harness", "edge"), join(project, "harness", "edge"), { recursive: true });
  const configuration = join(project, "wrangler.toml");
  writeFileSync(
    configuration,
    readFileSync(configuration, "utf8").replace('main = "worker/index.ts"', `main = "${WORKER}"`),
  );
  const secrets = { adminToken: "bench-admin-token", signingKey: "bench-signing-key-0123456789-0123456789" };
  const edge = await startLocalEdge({ state, project, ...secrets }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const send = (path: string, init: Outgoing) => request(edge, path, init);
  return {
    url: edge.url,
    adminToken: edge.adminToken,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, body) => send(path, { method: "POST", body: JSON.stringify(body) }),
    usage: () => usageOfTree(edge.process().pid, "workerd"),
    async changeRecord(change) {
      await edge.stop();
      const record = openRecord(state);
      try {
        change(record);
      } finally {
        record.close();
      }
      await edge.start();
    },
    async remove() {
      await edge.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Outgoing = { method?: string; body?: string; headers?: Record<string, string> };

async function request(edge: LocalEdge, path: string, init: Outgoing): Promise<Response> {
  const headers = { authorization: `Bearer ${edge.adminToken}`, "content-type": "application/json", ...init.headers };
  const response = await fetch(`${edge.url}${path}`, { ...init, headers });
  if (response.ok) return response;
  throw new Error(`${init.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
}
