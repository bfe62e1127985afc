/**
 * A deployment in a folder of its own: the local edge, the admin API, and the command line set up for both.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { freezeProject } from "../local-edge/frozen-project.ts";
import { type LocalEdge, startLocalEdge } from "../local-edge/local-edge.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { AdminApi } from "./admin-api.ts";

const execute = promisify(execFile);

/** The command line's entry. */
export const CLI = join(PROJECT, "runner", "main.ts");

export type CliRun = { code: number; stdout: string; stderr: string };

export type Deployment = {
  folder: string;
  edge: LocalEdge;
  api: AdminApi;
  /** What a shell would have set to use this deployment. */
  env: NodeJS.ProcessEnv;
  /** The entry of its command line, of the version that it runs. */
  command(): string;
  /** Another version of the project on the same record: the edge ends, its migrations come, and it starts again. */
  change(project: string): Promise<void>;
  /** Runs `patch.moi <args>` to its end, whatever comes of it. */
  cli(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliRun>;
  /** Runs `patch.moi <args> --json` and gives the document it printed; throws when it failed. */
  cliJson(args: readonly string[]): Promise<unknown>;
};

/** Starts the edge with `folder` as its memory; `project` is another version of the project. */
export async function startDeployment(
  folder: string,
  { project = PROJECT, ...settings }: { variables?: Record<string, string>; project?: string } = {},
): Promise<Deployment> {
  let version = { project, frozen: join(folder, "project"), number: 1 };
  freezeProject(version.frozen, project);
  const adminToken = randomBytes(24).toString("base64url");
  const edge = await startLocalEdge({
    state: join(folder, "edge"),
    adminToken,
    signingKey: randomBytes(32).toString("base64url"),
    credentialsKeys: `local:${randomBytes(32).toString("base64")}`,
    log: join(folder, "edge.log"),
    project: version.frozen,
    ...settings,
  });
  const home = join(folder, "runner");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const env = {
    ...process.env,
    PATCH_MOI_URL: edge.url,
    PATCH_MOI_TOKEN: adminToken,
    PATCH_MOI_HOME: home,
    NO_COLOR: "1",
  };
  const cli = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<CliRun> =>
    runCli(command(), args, { ...env, ...more }, folder);
  const command = (): string => join(version.project, "runner", "main.ts");
  return {
    folder,
    edge,
    api: new AdminApi(edge.url, adminToken),
    env,
    command,
    async change(next) {
      const number = version.number + 1;
      const frozen = join(folder, `project-${number}`);
      freezeProject(frozen, next);
      await edge.stop();
      version = { project: next, frozen, number };
      await edge.start(frozen);
    },
    cli,
    async cliJson(args) {
      const run = await cli([...args, "--json"]);
      if (run.code !== 0) throw new Error(`patch.moi ${args.join(" ")} exited with ${run.code}: ${run.stderr.trim()}`);
      return JSON.parse(run.stdout) as unknown;
    },
  };
}

const Failed = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() });

async function runCli(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<CliRun> {
  try {
    const { stdout, stderr } = await execute(process.execPath, [command, ...args], { env, cwd, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = Failed.safeParse(error);
    if (!failed.success) throw error;
    return failed.data;
  }
}
