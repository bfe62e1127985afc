/**
 * The stage of a rehearsal: edge, Git server and runner as separate real processes on loopback.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import type { AdminApi } from "../deployment/admin-api.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import type { LocalEdge } from "../local-edge/local-edge.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Child, startChild, waitForLine } from "../process/child.ts";
import { FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";
import { PERSONS_TOKEN, raiseForge } from "./forge-surface.ts";
import type { Narrator } from "./narrator.ts";
import { raiseRunner } from "./runner-surface.ts";
import { FORGES, type Surface, type SurfaceName } from "./surface.ts";
import { raiseWorkspace } from "./workspace-surface.ts";

const Ready = z.object({ port: z.int() });

export type Stage = {
  folder: string;
  deployment: Deployment;
  surface: Surface;
  life: UpstreamLife;
  edge: LocalEdge;
  api: AdminApi;
  narrator: Narrator;
  upstreamUrl: string;
  forkUrl: string;
  /** The fork's address with what lets a person push there. */
  personsForkUrl: string;
  feedUrl: string;
  /** Runs `patch.moi <args> --json` and gives what it printed. */
  cli(args: readonly string[]): Promise<unknown>;
  /** Everything that runs. */
  children(): Child[];
  stop(): Promise<void>;
};

/** Starts everything; nothing is configured yet but who does the work. `project` is another version of the project. */
export async function setStage(
  folder: string,
  narrator: Narrator,
  surface: SurfaceName = "pull",
  project?: string,
): Promise<Stage> {
  const started: Child[] = [];
  try {
    return await raise(folder, narrator, started, surface, project);
  } catch (error) {
    await Promise.all(started.map((child) => child.kill()));
    throw error;
  }
}

async function raise(
  folder: string,
  narrator: Narrator,
  started: Child[],
  name: SurfaceName,
  project: string | undefined,
): Promise<Stage> {
  const forge = FORGES.find((kind) => kind === name);
  const access = forge === undefined ? undefined : join(folder, "access.json");
  const [deployment, { life, origin }] = await Promise.all([
    startDeployment(folder, { project }),
    raiseGit(folder, started, access),
  ]);
  const { edge, api } = deployment;
  const cli = (args: readonly string[]): Promise<unknown> => deployment.cliJson(args);
  started.push(edge.process());
  narrator.say("edge", `wrangler and workerd answer at ${edge.url} (log ${edge.log})`);
  narrator.say("forge", `Git over HTTP at ${origin}: ${UPSTREAM} and its fork ${FORK}`);

  const place = { folder, deployment, narrator, started, life, origin };
  const surface =
    forge !== undefined && access !== undefined
      ? await raiseForge(place, forge, access)
      : name === "pull"
        ? await raiseRunner(place)
        : await raiseWorkspace(place, name === "workspace" ? "http" : "ws");
  const children = (): Child[] => [edge.process(), ...started.filter((child) => child.name !== edge.process().name)];
  return {
    folder,
    deployment,
    surface,
    life,
    edge,
    api,
    narrator,
    upstreamUrl: `${origin}/${UPSTREAM}.git`,
    forkUrl: `${origin}/${FORK}.git`,
    personsForkUrl: `${origin.replace("//", `//ole:${PERSONS_TOKEN}@`)}/${FORK}.git`,
    feedUrl: `${origin}/${UPSTREAM}/releases.atom`,
    cli,
    children,
    async stop() {
      await Promise.all(children().map((child) => child.stop()));
    },
  };
}

async function raiseGit(
  folder: string,
  started: Child[],
  access: string | undefined,
): Promise<{ life: UpstreamLife; origin: string }> {
  const life = await UpstreamLife.begin(folder);
  const server = startChild({
    name: "the Git server",
    command: process.execPath,
    args: [
      join(PROJECT, "harness", "git-server", "main.ts"),
      "--root",
      life.root,
      ...(access === undefined ? [] : ["--access", access]),
    ],
    log: join(folder, "git-server.log"),
  });
  started.push(server);
  const { port } = await waitForLine(server, (line) =>
    line.startsWith("{") ? Ready.parse(JSON.parse(line)) : undefined,
  );
  return { life, origin: `http://127.0.0.1:${port}` };
}
