/**
 * The Git server as a process of its own: `node harness/git-server/main.ts --root DIR [--port N] [--control]`.
 *
 * Prints one JSON line `{"port":N}` when it listens. Ends on SIGTERM, on SIGINT, and when its stdin closes.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { startGitServer } from "./server.ts";

const { values } = parseArgs({
  options: { root: { type: "string" }, port: { type: "string" }, control: { type: "boolean", default: false } },
});
if (values.root === undefined) {
  process.stderr.write("usage: git-server/main.ts --root DIR [--port N] [--control]\n");
  process.exit(2);
}

const server = await startGitServer({
  root: values.root,
  port: values.port === undefined ? 0 : Number.parseInt(values.port, 10),
  control: values.control,
});
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
process.stdin.on("close", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
