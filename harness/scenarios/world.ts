/**
 * One edge, one Git server and one runner for many stacks, each with an upstream and a fork of its own.
 *
 * @module
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { TestRepository } from "../../runner/git/testing/test-repository.ts";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import type { Shape } from "../bench/engine-repository.ts";
import { CLI, type Deployment, startDeployment } from "../deployment/deployment.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Child, startChild, waitForLine } from "../process/child.ts";
import { until } from "../process/until.ts";
import { createBare } from "../upstream-life/git.ts";

const Ready = z.object({ port: z.int() });

const SETTLES_MS = 200_000;

export type World = Deployment & {
  runner: Child;
  /** Makes `<id>/upstream` and `<id>/fork` of what the repository has of them. */
  publish(id: string, from: TestRepository, fork?: string): Promise<Repositories>;
  declare(id: string, more?: Declared): Promise<void>;
  /** A release of upstream becomes an event, by hand; answers the event's id. */
  tell(id: string, tag: string, sha?: string): Promise<string>;
  /** The attempt once nobody works on it any more. */
  settled(attemptId: string): Promise<AttemptDetail>;
  /** All of it: declared, told, and settled. */
  carry(id: string, tag: string, more?: Declared & { sha?: string }): Promise<AttemptDetail>;
  end(): Promise<void>;
};

export type Declared = { policy?: object; branch?: string };

/** Both as bare repositories on disk, for changes behind the servers' backs. */
export type Repositories = { upstream: TestRepository; fork: TestRepository };

/** `env`: what the runner is started with, beside the deployment's. */
export async function raiseWorld(folder: string, env: NodeJS.ProcessEnv): Promise<World> {
  const root = join(folder, "git");
  mkdirSync(root);
  // A process of its own: tests build repositories in ours, and that stops everything else in it.
  const server = startChild({
    name: "the Git server",
    command: process.execPath,
    args: [join(PROJECT, "harness", "git-server", "main.ts"), "--root", root],
    log: join(folder, "git-server.log"),
  });
  const [deployment, { port }] = await Promise.all([
    startDeployment(folder),
    waitForLine(server, (line) => (line.startsWith("{") ? Ready.parse(JSON.parse(line)) : undefined), 60_000),
  ]);
  await deployment.cliJson(["runner", "register", "--name", "scenarios"]);
  const runner = startChild({
    name: "the runner",
    command: process.execPath,
    args: [CLI, "runner", "start"],
    log: join(folder, "runner.log"),
    cwd: folder,
    env: { ...deployment.env, ...env },
  });
  return { ...deployment, ...onStage(root, deployment, `http://127.0.0.1:${port}`), runner, end };

  async function end(): Promise<void> {
    await runner.stop();
    await deployment.edge.stop();
    await server.stop();
  }
}

function onStage(root: string, { api }: Deployment, origin: string) {
  const world = {
    async publish(id: string, from: TestRepository, fork = "fork"): Promise<Repositories> {
      const both = { upstream: join(root, id, "upstream.git"), fork: join(root, id, "fork.git") };
      mkdirSync(join(root, id));
      await createBare(both.upstream, root, false);
      await createBare(both.fork, root, true);
      const pushed = ["push", "--quiet"];
      from.git(...pushed, both.upstream, "main", "--tags");
      from.git(...pushed, both.fork, `${fork}:refs/heads/fork`);
      return { upstream: new TestRepository(both.upstream), fork: new TestRepository(both.fork) };
    },
    async declare(id: string, { policy = {}, branch = "fork" }: Declared = {}): Promise<void> {
      const url = (name: string) => ({ url: `${origin}/${id}/${name}.git` });
      await api.putStack(id, { upstream: url("upstream"), fork: url("fork"), branch, policy });
    },
    async tell(id: string, tag: string, sha?: string): Promise<string> {
      const event = `patch:${id}:${tag}:upstream.release`;
      const entry = { entryId: tag, tag, ...(sha === undefined ? {} : { sha }) };
      const input = { id: event, type: "upstream.release", payload: { entry }, stackIds: [id] };
      const answer = await api.send("POST", "/flow-events", input);
      if (answer.status > 201) throw new Error(`the event of ${id} was answered ${answer.status}: ${answer.text}`);
      return event;
    },
    async settled(attemptId: string): Promise<AttemptDetail> {
      let seen: unknown;
      return until(
        `${attemptId} to settle`,
        async () => {
          const detail = await api.attempt(attemptId);
          const { status, reason } = detail.attempt;
          seen = { status, reason, progress: detail.progress };
          // Queued with a reason: it was worked on, and waits to be tried again.
          const waits = status === "queued" && reason === undefined;
          return waits || status === "dispatched" || status === "running" ? undefined : detail;
        },
        { timeoutMs: SETTLES_MS, everyMs: 200, seen: () => seen },
      );
    },
    async carry(id: string, tag: string, more: Declared & { sha?: string } = {}): Promise<AttemptDetail> {
      await world.declare(id, more);
      await world.tell(id, tag, more.sha);
      return world.settled(`${id}.1`);
    },
  };
  return world;
}

/** A key that signs commits; the path of its private half. */
export function makeSigningKey(folder: string): string {
  const path = join(folder, "signing-key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "runner", "-f", path]);
  return path;
}

/** The benchmark's repository of that shape, made by a process of its own; answers where it is. */
export async function makeRepositoryBeside(folder: string, shape: Shape): Promise<string> {
  const maker = pathToFileURL(join(PROJECT, "harness", "bench", "engine-repository.ts")).href;
  const call = [folder, shape].map((argument) => JSON.stringify(argument)).join(", ");
  const script = `const { makeRepository } = await import(${JSON.stringify(maker)}); makeRepository(${call});`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  return join(folder, shape.name);
}
