/**
 * A registered runner that asks for work.
 *
 * @module
 */
import { join } from "node:path";
import type { Deployment } from "../deployment/deployment.ts";
import { type Child, startChild } from "../process/child.ts";
import { until } from "../process/until.ts";
import type { Narrator } from "./narrator.ts";
import type { Surface } from "./surface.ts";

export const RUNNER = "rehearsal-runner";

export async function raiseRunner({
  folder,
  deployment,
  narrator,
  started,
}: {
  folder: string;
  deployment: Deployment;
  narrator: Narrator;
  started: Child[];
}): Promise<Surface> {
  await deployment.cliJson(["runner", "register", "--name", RUNNER]);
  const runner = startRunner(deployment, folder);
  started.push(runner);
  await until("the runner to ask for work", async () =>
    (await deployment.api.runners()).find((known) => known.name === RUNNER && known.lastSeenAt !== undefined),
  );
  narrator.say("runner", `'${RUNNER}' is registered and asks for work (log ${runner.log})`);
  return { fork: {}, policy: {} };
}

/** `patch.moi runner start` of the version that the deployment runs. */
export function startRunner(deployment: Deployment, folder: string): Child {
  return startChild({
    name: "the runner",
    command: process.execPath,
    args: [deployment.command(), "runner", "start"],
    log: join(folder, "runner.log"),
    cwd: folder,
    env: deployment.env,
  });
}
