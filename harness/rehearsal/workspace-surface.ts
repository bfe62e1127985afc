/**
 * A workspace backend that has the repositories itself and runs a flow package for each event: what it made is read
 * back from its runs. It moves no branch for us, so the story's person lands with Git.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { z } from "zod";
import type { Deployment } from "../deployment/deployment.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Child, startChild, waitForLine } from "../process/child.ts";
import { git } from "../upstream-life/git.ts";
import { VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH, FORK, UPSTREAM } from "../upstream-life/life.ts";
import { candidateOf, MAINTAINED } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";
import type { Surface } from "./surface.ts";
import { settled } from "./waiting.ts";

const Ready = z.object({ host: z.string() });

type Place = { folder: string; deployment: Deployment; narrator: Narrator; started: Child[]; origin: string };

export async function raiseWorkspace(place: Place, scheme: "http" | "ws"): Promise<Surface> {
  const { folder, deployment, narrator, started, origin } = place;
  const workspace = join(folder, "workspace");
  await furnish(workspace, origin);
  const secret = randomUUID();
  const child = startChild({
    name: "the workspace backend",
    command: process.execPath,
    args: [join(PROJECT, "harness", "workspace-backend", "main.ts"), "--workspace", workspace].concat([
      "--home",
      join(folder, "workspace-home"),
    ]),
    log: join(folder, "workspace.log"),
    env: { ...process.env, WORKSPACE_SECRET: secret },
  });
  started.push(child);
  const { host } = await waitForLine(child, (line) =>
    line.startsWith("{") ? Ready.parse(JSON.parse(line)) : undefined,
  );
  narrator.say("workspace", `a backend at ${scheme}://${host} runs the packages of ${workspace} (log ${child.log})`);
  const file = join(folder, "workspace-secret");
  writeFileSync(file, secret, { mode: 0o600 });
  const add = ["credentials", "add", "workspace", "--kind", "workspace-secret", "--host", host, "--value-file", file];
  await deployment.cliJson(add);
  const surface = { url: `${scheme}://${host}/events`, credential: "workspace" };
  return {
    fork: {},
    policy: { driver: `workspace-${scheme}`, surface },
    async look({ api }: Stage, attemptId: string) {
      await api.send("POST", `/maintenance-attempts/${attemptId}/sync`);
    },
    async land(stage: Stage, facts: Facts, attempt) {
      const oid = candidateOf(attempt)?.oid ?? "";
      const refused = await stage.api.send("POST", `/maintenance-attempts/${attempt.id}/land`);
      facts.note("landing is the workspace's", 409, refused.status);
      await pushBranch(stage, oid);
      facts.note("maintained branch", oid, await stage.life.forkRef(MAINTAINED));
    },
    async resolved(stage: Stage, facts: Facts, detail, { oid, tree }) {
      await pushBranch(stage, oid);
      await stage.cli(["resume", detail.attempt.id, "--note", "Resolved and landed in the fork."]);
      const done = await settled(stage, detail.attempt.id, detail.lastSeq);
      facts.note("after resume", "completed", done.attempt.status);
      facts.note("same attempt, new epoch", true, done.attempt.epoch > detail.attempt.epoch);
      facts.note(
        "tree as the person left it",
        tree,
        await stage.life.treeOf((await stage.life.forkRef(MAINTAINED)) ?? ""),
      );
    },
  };
}

/** A workspace with a checkout of the fork and the harness's package, which is told what no stack tells it here. */
async function furnish(workspace: string, origin: string): Promise<void> {
  const flow = join(workspace, ".codex", "flows", "carry");
  cpSync(join(PROJECT, "harness", "flow-package"), flow, { recursive: true });
  const file = join(flow, "flow.toml");
  const manifest = z.looseObject({ config: z.looseObject({}) }).parse(parse(readFileSync(file, "utf8")));
  const config = {
    ...manifest.config,
    branch: BRANCH,
    upstream_url: `${origin}/${UPSTREAM}.git`,
    candidate_ref: "patch-moi/lantern/<tag>",
    verify: [VERIFY_COMMAND],
  };
  writeFileSync(file, stringify({ ...manifest, config }));
  // The package's own place for it: `repo` in its flow.toml, seen from `flows/*`, is one folder further down here.
  await git(workspace, ["clone", "--quiet", `${origin}/${FORK}.git`, join(workspace, ".codex", "fork")]);
}

/** What a person does who lands by hand: the branch is moved from where it was seen to stand, or not at all. */
async function pushBranch({ folder, life, forkUrl, narrator }: Stage, oid: string): Promise<void> {
  const seen = (await life.forkRef(MAINTAINED)) ?? "";
  const clone = join(folder, `landing-${oid.slice(0, 12)}`);
  await git(folder, ["clone", "--quiet", "--bare", forkUrl, clone]);
  await git(clone, ["push", "--quiet", `--force-with-lease=${MAINTAINED}:${seen}`, "origin", `${oid}:${MAINTAINED}`]);
  narrator.say("person", `moved ${BRANCH} to ${oid}`);
}
