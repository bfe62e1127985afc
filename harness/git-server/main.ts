/**
 * The Git server as a process of its own: `node harness/git-server/main.ts --root DIR [--port N] [--control]
 * [--access FILE]`. The file says in JSON what each token may; it is read at every push.
 *
 * Prints one JSON line `{"port":N}` when it listens. Ends on SIGTERM, on SIGINT, and when its stdin closes.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Access } from "./access.ts";
import { startGitServer } from "./server.ts";

const { values } = parseArgs({
  options: {
    root: { type: "string" },
    port: { type: "string" },
    control: { type: "boolean", default: false },
    access: { type: "string" },
  },
});
if (values.root === undefined) {
  process.stderr.write("usage: git-server/main.ts --root DIR [--port N] [--control] [--access FILE]\n");
  process.exit(2);
}

const Scopes = z.record(z.string(), z.enum(["none", "read", "write"]));
const { access: file } = values;
const access: Access | undefined =
  file === undefined
    ? undefined
    : (token) => (existsSync(file) ? Scopes.parse(JSON.parse(readFileSync(file, "utf8"))) : {})[token] ?? "none";

const server = await startGitServer({
  root: values.root,
  port: values.port === undefined ? 0 : Number.parseInt(values.port, 10),
  control: values.control,
  ...(access === undefined ? {} : { access }),
});
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
process.stdin.on("close", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
