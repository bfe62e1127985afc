/**
 * How the harness runs wrangler: the project's own, offline, quiet, asking nothing.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Child } from "../process/child.ts";
import { startChild } from "../process/child.ts";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** wrangler's command line, run with our Node so that no other one on the PATH matters. */
export const WRANGLER = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin",
  "wrangler.js",
);

/** Where wrangler runs, and where it keeps things. */
export type WranglerPlace = {
  /** Folder of `wrangler.toml`. */
  project: string;
  /** Also takes what wrangler would keep in the home folder. */
  state: string;
  log: string;
};

/** Starts `wrangler …` in the project. */
export function startWrangler(name: string, args: readonly string[], place: WranglerPlace): Child {
  const own = join(place.state, "wrangler");
  mkdirSync(own, { recursive: true });
  return startChild({
    name,
    command: process.execPath,
    args: [WRANGLER, ...args],
    log: place.log,
    cwd: place.project,
    env: {
      ...process.env,
      CI: "1",
      FORCE_COLOR: "0",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      WRANGLER_HIDE_BANNER: "true",
      WRANGLER_WRITE_LOGS: "false",
      // Two deployments of one name on one machine must not find each other.
      WRANGLER_REGISTRY_PATH: join(own, "registry"),
      // Would be fetched from workers.cloudflare.com.
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
  });
}
