/**
 * git's own server on loopback, for what must go through a real transport.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";

export type GitDaemon = { urlOf: (repository: string) => string; [Symbol.asyncDispose]: () => Promise<void> };

/** Serves every repository below `base`, for reading and writing. */
export async function gitDaemon(base: string): Promise<GitDaemon> {
  const port = await freePort();
  const flags = ["--export-all", "--enable=receive-pack", "--reuseaddr", "--verbose", "--log-destination=stderr"];
  const child = spawn(
    "git",
    ["daemon", ...flags, `--base-path=${base}`, "--listen=127.0.0.1", `--port=${port}`, base],
    {
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      if (said.includes("Ready to rumble")) resolve();
    });
    child.once("exit", () => reject(new Error(`git daemon ended: ${said}`)));
  });
  return {
    urlOf: (repository) => `git://127.0.0.1:${port}${repository.slice(base.length)}`,
    [Symbol.asyncDispose]: async () => {
      // `git` starts the daemon as a child of its own: both are in the group.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await exited;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
