/**
 * `node harness/workspace-backend/main.ts --workspace DIR --home DIR`: a workspace backend on loopback that runs the
 * flow packages of a folder. Its secret is `WORKSPACE_SECRET`; it prints `{host}` and lives until its input ends.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { z } from "zod";
import { WorkspaceBackend } from "./backend.ts";
import { runPackages } from "./flow-runs.ts";

const text = { type: "string" } as const;
const Options = z.object({ workspace: z.string(), home: z.string() });
const { workspace, home } = Options.parse(parseArgs({ options: { workspace: text, home: text } }).values);

const backend = await WorkspaceBackend.start(z.string().min(1).parse(process.env.WORKSPACE_SECRET));
const log = (line: string): boolean => process.stderr.write(`${line}\n`);
// One checkout: its runs go one after the other.
let before: Promise<void> = Promise.resolve();
backend.onRun = (run, event) => {
  before = before.then(async () => {
    if (run.status === "cancelled") return;
    const resultPayload = await runPackages({ folder: workspace, home, log }, run, event).catch((error: unknown) => ({
      status: "failed",
      message: String(error),
    }));
    Object.assign(run, { status: "completed", resultPayload });
    log(`${run.id} of ${run.eventId}: ${JSON.stringify(resultPayload).slice(0, 500)}`);
  });
};
process.stdout.write(`${JSON.stringify({ host: backend.host })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
process.stdin.on("close", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
