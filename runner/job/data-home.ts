/**
 * Where a runner keeps what it must not forget: mirrors, unsent results, logs, its identity.
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export type DataHome = {
  root: string;
  /** Bare mirrors, one per fork+upstream pair. */
  mirrors: string;
  /** Results that the server has not answered yet. */
  spool: string;
  /** Logs of attempts while they are streamed. */
  logs: string;
  /** Throw-away checkouts. */
  work: string;
  /** Folders that policies want kept between verifications. */
  caches: string;
  /** The runner's name, server and secret. */
  identity: string;
};

/** Makes the folders; only their owner may look, since spool and identity hold secrets. */
export function openDataHome(root: string): DataHome {
  const home = {
    root,
    mirrors: join(root, "mirrors"),
    spool: join(root, "spool"),
    logs: join(root, "logs"),
    work: join(root, "work"),
    caches: join(root, "caches"),
    identity: identityPath(root),
  };
  for (const folder of [home.root, home.mirrors, home.spool, home.logs, home.work, home.caches])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  return home;
}

/** Where a runner's name and secret are kept; for those who must not make its folders. */
export function identityPath(root: string): string {
  return join(root, "runner.json");
}

/** An id as a file name: attempt ids are narrow, but come from outside. */
export function fileName(id: string): string {
  return encodeURIComponent(id).replaceAll("*", "%2A").replaceAll(".", "_").slice(0, 180);
}
