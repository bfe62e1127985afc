/**
 * From an event to a pushed candidate through each forge's own CI: the edge starts the run by the forge's API,
 * the jobs of our file prove themselves as that forge lets them, and only the last one may push.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AttemptDetail } from "../../worker/contract/attempt.ts";
import { RunnerCreated } from "../../worker/contract/identity.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import type { ForgeKind } from "../forge-server/forge-api.ts";
import { type ForgeServer, startForgeServer } from "../forge-server/server.ts";
import type { Scope } from "../git-server/access.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type IssuerServer, startIssuer } from "../oidc-issuer/server.ts";
import { until } from "../process/until.ts";
import { git } from "../upstream-life/git.ts";
import { VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH, FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";
import { type ForkCi, startForkCi } from "./fork-ci.ts";
import { packRunner, unpackRunner } from "./published-runner.ts";

const API_TOKEN = "the-deployments-token";
const ACTION = "office/patch.moi/runner/ci@".concat("0".repeat(40));

let folder: string;
let life: UpstreamLife;
let repositories: GitServer;
let issuer: IssuerServer;
let deployment: Deployment;
let packages: string;
let scopeOf: (token: string) => Scope = () => "none";
let servers: ForgeServer[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "forge-ci-"));
  packages = unpackRunner(packRunner(folder), folder);
  life = await UpstreamLife.begin(folder);
  await life.releaseUnrelated("v1.1.0");
  await life.releaseBreakingVerification("v1.2.0");
  [repositories, issuer] = await Promise.all([
    startGitServer({ root: life.root, access: (token) => scopeOf(token) }),
    startIssuer(),
  ]);
  deployment = await startDeployment(folder);
});

afterEach(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
  servers = [];
});

afterAll(async () => {
  await deployment?.edge.stop();
  await repositories?.close();
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Fork = { id: string; ci: ForkCi; server: ForgeServer };

const file = (name: string) => readFileSync(join(PROJECT, "runner/ci", name), "utf8");

/** A fork on a forge of that kind with this workflow in it, and the stack that names its jobs. */
async function fork(id: string, kind: ForgeKind, text: string, more: Partial<ForkCi["options"]> = {}): Promise<Fork> {
  const server = await startForgeServer(kind);
  servers.push(server);
  server.tokens.set(API_TOKEN, "patch-moi");
  const [owner = "", name = ""] = FORK.split("/");
  const repository = server.state.add(owner, name);
  const path = {
    github: ".github/workflows/patch-moi.yml",
    forgejo: ".forgejo/workflows/patch-moi.yml",
    gitlab: ".gitlab-ci.yml",
  };
  repository.files.set(
    `main:${path[kind]}`,
    text.replaceAll("https://patch-moi.example.workers.dev", deployment.edge.url),
  );
  const ci = startForkCi({
    server,
    issuer,
    folder: join(folder, id),
    packages,
    vars: { PATCH_MOI_URL: deployment.edge.url, ...more.vars },
    ...(more.secrets === undefined ? {} : { secrets: more.secrets }),
    ...(more.idTokens === undefined ? {} : { idTokens: more.idTokens }),
    ...(more.actions === undefined ? {} : { actions: more.actions }),
  });
  scopeOf = (token) => ci.scopeOf(token);
  const value = join(folder, "token");
  writeFileSync(value, API_TOKEN);
  const { host } = new URL(server.url);
  const added = ["credentials", "add", id, "--kind", `${kind}-token`, "--host", host, "--value-file", value];
  expect(await deployment.cli(added)).toMatchObject({ code: 0 });
  const at = kind === "gitlab" ? `${host}/${FORK}//` : `${FORK}/`;
  await deployment.api.putStack(id, {
    upstream: { url: `${repositories.origin}/${UPSTREAM}.git` },
    fork: { url: `${repositories.origin}/${FORK}.git`, forge: { kind, apiUrl: server.apiUrl } },
    branch: BRANCH,
    policy: {
      driver: kind === "gitlab" ? "gitlab-ci" : `${kind}-actions`,
      verify: [VERIFY_COMMAND, 'test -z "$(printenv | grep -iE "token|secret|PATCH_MOI_(URL|GIT)")"'],
      rememberResolutions: false,
      identity: {
        forge: kind,
        issuer: issuer.issuer.url,
        repositoryId: String(repository.id),
        ownerId: String(repository.ownerId),
        workflowRef: `${at}${path[kind]}@refs/heads/main`,
        events: [kind === "gitlab" ? "api" : "workflow_dispatch"],
      },
    },
  });
  return { id, ci, server };
}

/** Tells the stack of a release and waits until its run is over. */
async function carry({ id, ci, server }: Fork, tag: string, number: number): Promise<AttemptDetail> {
  const event = { id: `patch:hand:${id}-${tag}:upstream.release`, type: "upstream.release", stackIds: [id] };
  await deployment.api.send("POST", "/flow-events", { ...event, payload: { entry: { entryId: tag, tag } } });
  const run = `patch.moi ${id}.${number}.1`;
  await until(
    `the run '${run}' to end`,
    () => Promise.resolve(ci.ends.has(run) || server.problems.length > 0 || undefined),
    {
      timeoutMs: 240_000,
    },
  );
  expect(server.problems).toEqual([]);
  return deployment.api.attempt(`${id}.${number}`);
}

async function pushed(detail: AttemptDetail): Promise<void> {
  expect(detail.attempt).toMatchObject({ status: "changed" });
  const [candidate] = detail.attempt.candidates;
  expect(await git(life.fork, ["rev-parse", candidate?.ref ?? ""])).toBe(candidate?.oid);
}

const results = ({ ci }: Fork, run: string) =>
  Object.fromEntries(Object.entries(ci.ends.get(`patch.moi ${run}`) ?? {}).map(([name, { result }]) => [name, result]));

it("Forgejo with ID tokens, and with a registered runner's secret where there are none", async () => {
  const modern = await fork("forgejo", "forgejo", file("forgejo.yml"));
  const carried = await carry(modern, "v1.1.0", 1);
  await pushed(carried);
  expect(carried.attempt.runner?.name).toMatch(/^forgejo-\d+$/);

  const made = await deployment.api.send("POST", "/runners", { name: "fork-ci" });
  const { secret } = RunnerCreated.parse(made.json);
  const plain = file("forgejo.yml").replaceAll(/^ +enable-openid-connect: true\n/gm, "");
  const older = await fork("gitea", "forgejo", plain, {
    idTokens: false,
    vars: { PATCH_MOI_RUNNER_NAME: "fork-ci" },
    secrets: { PATCH_MOI_RUNNER_SECRET: secret },
  });
  const detail = await carry(older, "v1.2.0", 1);
  expect(results(older, "gitea.1.1")).toEqual({ replay: "success", verify: "failure", push: "success" });
  expect(detail.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "verify_failed" } });
  expect(detail.attempt.runner?.name).toBe("fork-ci");
  const { verify } = older.ci.ends.get("patch.moi gitea.1.1") ?? {};
  expect(JSON.stringify(verify)).not.toContain(secret);
});

it("GitLab: the project's token is in the pushing job alone, and a failed verification is reported without it", async () => {
  const gitlab = await fork("gitlab", "gitlab", file("gitlab.yml"));
  const carried = await carry(gitlab, "v1.1.0", 1);
  await pushed(carried);
  expect(results(gitlab, "gitlab.1.1")).toEqual({
    replay: "success",
    verify: "success",
    push: "success",
    report: "skipped",
  });
  const failed = await carry(gitlab, "v1.2.0", 2);
  expect(failed.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "verify_failed" } });
  expect(results(gitlab, "gitlab.2.1")).toEqual({
    replay: "success",
    verify: "failure",
    push: "skipped",
    report: "success",
  });
  const holders = [...gitlab.ci.ends.values()].flatMap((jobs) =>
    Object.entries(jobs).filter(([, { environment }]) => /may-write/.test(environment.PATCH_MOI_GIT_TOKEN ?? "")),
  );
  expect(holders.map(([name]) => name)).toEqual(["push"]);
});

describe.each(["github", "forgejo"] as const)("the action on %s", (kind) => {
  it("does each phase as one step", async () => {
    const id = `action-${kind}`;
    const where = kind === "github" ? "runner/ci" : "runner/ci/forgejo";
    const uses = ACTION.replace("runner/ci", where);
    const ask = kind === "github" ? "permissions: { contents: SCOPE, id-token: write }" : "enable-openid-connect: true";
    const common = `attempt: ${filled("inputs.attemptId")}, epoch: ${filled("inputs.epoch")}, server: ${filled("vars.PATCH_MOI_URL")}, token: ${filled("github.token")}`;
    const text = `
name: patch.moi
run-name: patch.moi \${{ inputs.attemptId }}.\${{ inputs.epoch }}
on: { workflow_dispatch: {} }
jobs:
  replay:
    runs-on: any
    ${ask.replace("SCOPE", "read")}
    outputs: { next: ${filled("steps.do.outputs.next")}, log: ${filled("steps.do.outputs.log")} }
    steps: [{ id: do, uses: ${uses}, with: { phase: replay, ${common} } }]
  verify:
    needs: replay
    if: needs.replay.outputs.next == 'verify'
    runs-on: any
    ${kind === "github" ? "permissions: {}" : ""}
    steps: [{ uses: ${uses}, with: { phase: verify } }]
  push:
    needs: [replay, verify]
    if: always() && needs.replay.result == 'success' && needs.replay.outputs.next != 'end'
    runs-on: any
    ${ask.replace("SCOPE", "write")}
    steps: [{ uses: ${uses}, with: { phase: push, verified: ${filled("needs.verify.result")}, log: ${filled("needs.replay.outputs.log")}, ${common} } }]
`;
    const actions = { [uses.slice(0, -41)]: join(PROJECT, where) };
    const stack = await fork(id, kind, text, { actions });
    await pushed(await carry(stack, "v1.1.0", 1));
    expect(results(stack, `${id}.1.1`)).toEqual({ replay: "success", verify: "success", push: "success" });
  });
});

/** An expression, as a flow mapping needs it. */
function filled(path: string): string {
  return `"\${{ ${path} }}"`;
}
