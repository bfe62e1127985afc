/**
 * The forge that the fork lives on: the edge starts runs by its API, its CI runs the jobs of our workflow, and
 * candidates come before people as pull requests. Its Git server takes pushes from tokens that may write only.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { forgeRepository } from "../../worker/contract/forge.ts";
import { forgeClient } from "../../worker/forges/forge-client.ts";
import { Ready } from "../ci/main-ready.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type Child, startChild, waitForLine } from "../process/child.ts";
import { until } from "../process/until.ts";
import { FORK, type UpstreamLife } from "../upstream-life/life.ts";
import type { Facts } from "./facts.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";
import type { ForgeName, Surface } from "./surface.ts";

/** What the story's person pushes with. */
export const PERSONS_TOKEN = "oles-own-token";

const Checked = z.object({ points: z.array(z.object({ name: z.string(), state: z.string(), says: z.string() })) });

type Place = {
  folder: string;
  deployment: Deployment;
  narrator: Narrator;
  started: Child[];
  life: UpstreamLife;
  origin: string;
};

/** The API token that the deployment and the person have there. */
const API_TOKEN = `api-${randomUUID()}`;

export async function raiseForge(place: Place, kind: ForgeName, access: string): Promise<Surface> {
  const { folder, deployment, narrator, started, life, origin } = place;
  const child = startChild({
    name: `the forge (${kind})`,
    command: process.execPath,
    args: [join(PROJECT, "harness", "ci", "main.ts"), "--kind", kind, "--fork", FORK, "--git-dir", life.fork].concat([
      "--origin",
      origin,
      "--edge",
      deployment.edge.url,
      "--folder",
      folder,
      "--access",
      access,
    ]),
    log: join(folder, "forge.log"),
    env: { ...process.env, FORGE_TOKEN: API_TOKEN, PUSH_TOKEN: PERSONS_TOKEN },
  });
  started.push(child);
  const ready = await waitForLine(child, (line) => (line.startsWith("{") ? Ready.parse(JSON.parse(line)) : undefined));
  narrator.say("forge", `${kind}'s API at ${ready.apiUrl}, its CI and its issuer (log ${child.log})`);
  const value = join(folder, "api-token");
  writeFileSync(value, API_TOKEN, { mode: 0o600 });
  const { host } = new URL(ready.apiUrl);
  const add = ["credentials", "add", kind, "--kind", `${kind}-token`, "--host", host, "--value-file", value];
  await deployment.cliJson(add);
  return surfaceOf(kind, ready, place);
}

function surfaceOf(kind: ForgeName, { apiUrl, issuer }: Ready, { deployment, origin }: Place): Surface {
  const fork = { url: `${origin}/${FORK}.git`, forge: { kind, apiUrl } };
  const repository = forgeRepository(fork);
  if (!repository.ok) throw new Error(repository.message);
  const forge = forgeClient(repository.repository, API_TOKEN, { allowLocal: true });
  return {
    fork: { forge: fork.forge },
    policy: { review: { pullRequest: true, status: true } },
    async checked(stage: Stage, facts: Facts) {
      const args = [
        "setup",
        "forge",
        "lantern",
        "--issuer",
        issuer,
        "-f",
        join(stage.folder, "patch-moi.json"),
        "--apply",
      ];
      const run = await deployment.cli([...args, "--json"], { PATCH_MOI_FORGE_TOKEN: API_TOKEN });
      if (run.code !== 0) throw new Error(run.stderr);
      const { points } = Checked.parse(JSON.parse(run.stdout));
      for (const { name, says } of points) stage.narrator.say("set-up", `${name}: ${says}`);
      const states = Object.fromEntries(points.map(({ name, state }) => [name, state]));
      facts.note("set-up", { forge: "ok", credential: "ok", workflow: "ok", stack: "done", claim: "ok" }, states);
    },
    async reviewed(facts: Facts, branch: string, oid: string) {
      const pull = await until("the pull request", async () => {
        const pulls = await forge.pullsOf(branch);
        return pulls.ok ? pulls.value[0] : undefined;
      });
      facts.note("pull request", `open at ${oid}`, `${pull.state} at ${pull.head.oid}`);
    },
  };
}
