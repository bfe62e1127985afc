/**
 * The stage of a rehearsal: edge, Git server and runner as separate real processes on loopback.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import type { AdminApi } from "../deployment/admin-api.ts";
import { CLI, startDeployment } from "../deployment/deployment.ts";
import type { LocalEdge } from "../local-edge/local-edge.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Child, startChild, waitForLine } from "../process/child.ts";
import { until } from "../process/until.ts";
import { FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";
import type { Narrator } from "./narrator.ts";

export const RUNNER = "rehearsal-runner";

const Ready = z.object({ port: z.int() });

export type Stage = {
  folder: string;
  life: UpstreamLife;
  edge: LocalEdge;
  api: AdminApi;
  narrator: Narrator;
  upstreamUrl: string;
  forkUrl: string;
  feedUrl: string;
  /** Runs `patch.moi <args> --json` and gives what it printed. */
  cli(args: readonly string[]): Promise<unknown>;
  /** Everything that runs. */
  children(): Child[];
  stop(): Promise<void>;
};

/** Starts everything; nothing is configured yet but the runner. */
export async function setStage(folder: string, narrator: Narrator): Promise<Stage> {
  const started: Child[] = [];
  try {
    return await raise(folder, narrator, started);
  } catch (error) {
    await Promise.all(started.map((child) => child.kill()));
    throw error;
  }
}

async function raise(folder: string, narrator: Narrator, started: Child[]): Promise<Stage> {
  const [deployment, { life, origin }] = await Promise.all([startDeployment(folder), raiseForge(folder, started)]);
  const { edge, api, env } = deployment;
  const cli = (args: readonly string[]): Promise<unknown> => deployment.cliJson(args);
  started.push(edge.process());
  narrator.say("edge", `wrangler and workerd answer at ${edge.url} (log ${edge.log})`);
  narrator.say("forge", `Git over HTTP at ${origin}: ${UPSTREAM} and its fork ${FORK}`);

  await cli(["runner", "register", "--name", RUNNER]);
  const runner = startChild({
    name: "the runner",
    command: process.execPath,
    args: [CLI, "runner", "start"],
    log: join(folder, "runner.log"),
    cwd: folder,
    env,
  });
  started.push(runner);
  await until("the runner to ask for work", async () =>
    (await api.runners()).find((known) => known.name === RUNNER && known.lastSeenAt !== undefined),
  );
  narrator.say("runner", `'${RUNNER}' is registered and asks for work (log ${runner.log})`);

  const children = (): Child[] => [edge.process(), ...started.filter((child) => child.name !== edge.process().name)];
  return {
    folder,
    life,
    edge,
    api,
    narrator,
    upstreamUrl: `${origin}/${UPSTREAM}.git`,
    forkUrl: `${origin}/${FORK}.git`,
    feedUrl: `${origin}/${UPSTREAM}/releases.atom`,
    cli,
    children,
    async stop() {
      await Promise.all(children().map((child) => child.stop()));
    },
  };
}

async function raiseForge(folder: string, started: Child[]): Promise<{ life: UpstreamLife; origin: string }> {
  const life = await UpstreamLife.begin(folder);
  const server = startChild({
    name: "the Git server",
    command: process.execPath,
    args: [join(PROJECT, "harness", "git-server", "main.ts"), "--root", life.root],
    log: join(folder, "git-server.log"),
  });
  started.push(server);
  const { port } = await waitForLine(server, (line) =>
    line.startsWith("{") ? Ready.parse(JSON.parse(line)) : undefined,
  );
  return { life, origin: `http://127.0.0.1:${port}` };
}
