/**
 * The storm: releases come in while workerd and the runner are killed, and afterwards everything must
 * have come out as if nothing had happened.
 *
 * @module
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CLI, type Deployment, startDeployment } from "../deployment/deployment.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { type Child, startChild } from "../process/child.ts";
import { until } from "../process/until.ts";
import { FLEET_BRANCH, Fleet } from "./fleet.ts";
import { Random } from "./random.ts";

export type StormOptions = {
  folder: string;
  seed: number;
  stacks: number;
  /** Per stack; GitHub's feed shows ten. */
  releases: number;
  /** How long it rages. */
  seconds: number;
  /** How long after it everything may take to settle. */
  settleSeconds: number;
  /**
   * Keeps every upstream's last release back until the storm is over: it takes the place of whatever
   * waits for the 90 s lease of a killed runner and the pause after it, so that the end comes soon.
   */
  lastAfterwards: boolean;
  say: (line: string) => void;
};

export type Storm = {
  fleet: Fleet;
  deployment: Deployment;
  kills: { edge: number; runner: number };
  end(): Promise<void>;
};

export function stackName(pair: number): string {
  return `p${pair}`;
}

/** Raises everything, lets the storm rage, waits until all is quiet. */
export async function rage(options: StormOptions): Promise<Storm> {
  const { folder, say } = options;
  const random = new Random(options.seed);
  const fleet = await Fleet.raise(folder, options.stacks, options.releases);
  const forge = await startGitServer({ root: fleet.root });
  const deployment = await startDeployment(folder);
  await declare(fleet, forge, deployment);
  await deployment.cliJson(["runner", "register", "--name", "storm"]);
  let runner = startRunner(deployment);
  const kills = { edge: 0, runner: 0 };
  const end = async (): Promise<void> => {
    await runner.kill();
    await deployment.edge.stop();
    await forge.close();
  };

  const endAt = performance.now() + options.seconds * 1000;
  const everySeconds = options.seconds / (options.stacks * options.releases);
  await Promise.all([
    // Upstreams release, evenly over the storm.
    (async () => {
      let open = Array.from({ length: fleet.size }, (_, pair) => pair);
      while (open.length > 0) {
        const pair = random.pick(open) ?? 0;
        const left = fleet.tags.length - fleet.released(pair).length;
        if (left <= (options.lastAfterwards ? 1 : 0)) open = open.filter((other) => other !== pair);
        else {
          await fleet.release(pair);
          await delay(performance.now() < endAt ? everySeconds * 1000 : 0);
        }
      }
    })(),
    (async () => {
      while (performance.now() < endAt) {
        await deployment.edge.tick();
        await delay(1_000);
      }
    })(),
    (async () => {
      while (performance.now() < endAt) {
        await delay(random.between(4_000, 12_000));
        await deployment.edge.kill();
        await deployment.edge.start();
        kills.edge += 1;
        say(`edge killed and started again (${kills.edge})`);
      }
    })(),
    (async () => {
      while (performance.now() < endAt) {
        await delay(random.between(2_000, 10_000));
        await runner.kill();
        runner = startRunner(deployment);
        kills.runner += 1;
        say(`runner killed and started again (${kills.runner})`);
      }
    })(),
  ]);
  say("the storm is over");
  for (let pair = 0; pair < fleet.size; pair++) await fleet.release(pair);
  await quiet(options, fleet, deployment, () => runner.exit() !== undefined);
  return { fleet, deployment, kills, end };
}

async function declare(fleet: Fleet, forge: GitServer, { api, edge }: Deployment): Promise<void> {
  for (let pair = 0; pair < fleet.size; pair++) {
    const id = stackName(pair);
    await api.putStack(id, {
      upstream: { url: `${forge.origin}/up/p${pair}.git` },
      fork: { url: `${forge.origin}/fork/p${pair}.git` },
      branch: FLEET_BRANCH,
    });
    await api.putSource(id, {
      provider: "github",
      url: `${forge.origin}/up/p${pair}/releases.atom`,
      event: "release",
      target: { mode: "maintain", stacks: [id] },
      pollIntervalSeconds: 2,
    });
  }
  for (let pair = 0; pair < fleet.size; pair++)
    await until(`${stackName(pair)} to be primed`, async () => {
      if ((await api.source(stackName(pair))).health.primed) return true;
      await edge.tick();
      return undefined;
    });
}

function startRunner(deployment: Deployment): Child {
  return startChild({
    name: "the runner",
    command: process.execPath,
    args: [CLI, "runner", "start"],
    log: join(deployment.folder, "runner.log"),
    env: deployment.env,
  });
}

/** Until every release has its event and no attempt is on its way. */
async function quiet(
  options: StormOptions,
  fleet: Fleet,
  { api, edge }: Deployment,
  dead: () => boolean,
): Promise<void> {
  let waiting = "";
  for (let pair = 0; pair < fleet.size; pair++) {
    const stackId = stackName(pair);
    await until(
      `${stackId} to come to rest`,
      async () => {
        if (dead()) throw new Error("the runner ended by itself");
        await edge.tick();
        const events = await api.events(stackId);
        const attempts = await api.attempts({ stackId });
        const busy = attempts.filter((attempt) => attempt.endedAt === undefined);
        waiting = `${events.length} events, ${busy.map((attempt) => `${attempt.id} ${attempt.status}`).join(", ")}`;
        const newest = fleet.released(pair).at(-1);
        const seen = events.some((event) => event.payload.entry.tag === newest);
        return seen && busy.length === 0 && attempts.length >= events.length ? true : undefined;
      },
      { timeoutMs: options.settleSeconds * 1000, everyMs: 500, seen: () => waiting },
    );
  }
}
