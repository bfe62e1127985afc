/** One release, carried by the built-in replay and by the flow package, through edge, command line and pull runner. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { until } from "../process/until.ts";
import { git } from "../upstream-life/git.ts";
import { VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH, FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";

let folder: string;
let deployment: Deployment;
let life: UpstreamLife;
let forge: GitServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "flow-package-"));
  life = await UpstreamLife.begin(folder);
  forge = await startGitServer({ root: life.root, control: true });
  deployment = await startDeployment(folder);
  const repositories = {
    upstream: { url: `${forge.origin}/${UPSTREAM}.git` },
    fork: { url: `${forge.origin}/${FORK}.git` },
    branch: BRANCH,
  };
  for (const work of ["replay", "flow"] as const)
    await deployment.api.putStack(work, { ...repositories, policy: { work, verify: [VERIFY_COMMAND] } });
  const workspace = join(folder, "workspace");
  cpSync(import.meta.dirname, join(workspace, ".codex", "flows", "carry"), { recursive: true });
  // The package's own place for it: `repo` in its flow.toml, seen from `flows/*`, is one folder further down here.
  await git(folder, ["clone", "--quiet", repositories.fork.url, join(workspace, ".codex", "fork")]);
  await deployment.cliJson(["runner", "register", "--name", "flow-runner"]);
});

afterAll(async () => {
  await deployment?.edge.stop();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Hands the release to a stack, lets a runner take one job, and gives what became of the attempt. */
async function carried(stack: string, tag: string): Promise<AttemptDetail> {
  const id = `patch:${stack}:${tag}:upstream.release`;
  const file = join(folder, `${stack}-${tag}.json`);
  writeFileSync(file, JSON.stringify({ id, type: "upstream.release", payload: { entry: { entryId: tag, tag } } }));
  await deployment.cliJson(["run", "event", "--file", file, "--stack", stack]);
  return worked(stack);
}

async function worked(stack: string): Promise<AttemptDetail> {
  const env = { PATCH_MOI_FLOWS: join(folder, "workspace") };
  const run = await deployment.cli(["runner", "once", "--wait", "20", "--json"], env);
  expect(run.stdout, run.stderr).toContain('"claimed": true');
  return until(`the attempt of ${stack} to settle`, async () => {
    const [newest] = await deployment.api.attempts({ stackId: stack });
    if (newest === undefined || ["queued", "dispatched", "running"].includes(newest.status)) return undefined;
    return deployment.api.attempt(newest.id);
  });
}

/** What both must have in common; the refs are named after the stacks. */
function comparable({ attempt, report }: AttemptDetail) {
  return {
    status: attempt.status,
    code: attempt.reason?.code,
    candidates: attempt.candidates.map(({ kind, oid }) => ({ kind, oid })),
    onto: report?.onto,
    result: report?.result,
    patches: report?.patches,
    verified: report?.verify.map(({ exitCode }) => exitCode),
  };
}

it("gives the same commits and outcomes, and candidates that can be landed", async () => {
  const { api } = deployment;
  await life.releaseUnrelated("v1.1.0");
  const builtIn = await carried("replay", "v1.1.0");
  const byPackage = await carried("flow", "v1.1.0");
  expect(builtIn.attempt.status).toBe("changed");
  expect(comparable(byPackage)).toEqual(comparable(builtIn));
  expect(await life.forkRef("refs/heads/patch-moi/flow/v1.1.0")).toBe(builtIn.attempt.candidates[0]?.oid);
  const told = byPackage.timeline.find(({ kind }) => kind === "note")?.data;
  expect(told).toMatchObject({ steps: [{ flow: "patch-moi-harness", step: "carry", status: "changed" }] });

  const release = await life.releaseConflicting("v1.2.0");
  const conflict = await carried("flow", release.tag);
  expect(comparable(conflict)).toEqual(comparable(await carried("replay", release.tag)));
  expect(conflict.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "conflict" } });

  const dismissed = await api.send("POST", `/maintenance-attempts/${conflict.attempt.id}/dismiss`, { note: "not now" });
  expect(dismissed.status, dismissed.text).toBe(200);
  await api.land(byPackage.attempt.id);
  expect((await worked("flow")).attempt).toMatchObject({ operation: "land", status: "changed" });
  expect(await life.forkRef(`refs/heads/${BRANCH}`)).toBe(byPackage.attempt.candidates[0]?.oid);
});
