/** The workflow of forks, run job by job against a real edge: what comes of it, and which job sees what. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AttemptDetail } from "../../worker/contract/attempt.ts";
import { type Deployment, startDeployment } from "../deployment/deployment.ts";
import { type GitServer, startGitServer } from "../git-server/server.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { type IssuerServer, startIssuer } from "../oidc-issuer/server.ts";
import { git } from "../upstream-life/git.ts";
import { VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH, FORK, UPSTREAM, UpstreamLife } from "../upstream-life/life.ts";
import { packRunner, unpackRunner } from "./published-runner.ts";
import { type JobEnd, runWorkflow, type WorkflowRun } from "./workflow.ts";
import { readWorkflow } from "./workflow-file.ts";

const TEXT = readFileSync(join(PROJECT, "runner/ci/github.yml"), "utf8");
const WORKFLOW_REF = "office/lantern/.github/workflows/patch-moi.yml@refs/heads/office";
const CLAIMS = {
  sub: "repo:office/lantern:ref:refs/heads/office",
  repository_id: "41",
  repository_owner_id: "7",
  workflow_ref: WORKFLOW_REF,
  event_name: "workflow_dispatch",
  runner_environment: "github-hosted",
  run_id: "88",
};

let folder: string;
let life: UpstreamLife;
let forge: GitServer;
let issuer: IssuerServer;
let deployment: Deployment;
let packages: string;
let stacks = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "github-workflow-"));
  packages = unpackRunner(packRunner(folder), folder);
  life = await UpstreamLife.begin(folder);
  [forge, issuer] = await Promise.all([startGitServer({ root: life.root }), startIssuer()]);
  deployment = await startDeployment(folder);
});

afterAll(async () => {
  await deployment?.edge.stop();
  await forge?.close();
  await issuer?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Story = { ends: Record<string, JobEnd>; detail: AttemptDetail; seen: string };

/** A release of upstream, and the workflow run that carries the stack over it. */
async function play(tag: string, after?: WorkflowRun["after"]): Promise<Story> {
  const id = `ci-${stacks++}`;
  const seen = join(folder, `${id}.env`);
  const identity = {
    forge: "github",
    issuer: issuer.issuer.url,
    repositoryId: CLAIMS.repository_id,
    ownerId: CLAIMS.repository_owner_id,
    workflowRef: WORKFLOW_REF,
    events: [CLAIMS.event_name],
    runnerEnvironment: CLAIMS.runner_environment,
  };
  await deployment.api.putStack(id, {
    upstream: { url: `${forge.origin}/${UPSTREAM}.git` },
    fork: { url: `${forge.origin}/${FORK}.git` },
    branch: BRANCH,
    policy: { identity, verify: [`env > ${seen}`, VERIFY_COMMAND], rememberResolutions: false, runnerLabels: ["none"] },
  });
  const event = { id: `patch:hand:${id}:upstream.release`, type: "upstream.release", stackIds: [id] };
  await deployment.api.send("POST", "/flow-events", { ...event, payload: { entry: { entryId: tag, tag } } });
  const ends = await runWorkflow({
    forge: "github",
    text: TEXT,
    token: (scope) => `job-token-${scope}`,
    folder: join(folder, id),
    inputs: { v: "1", attemptId: `${id}.1`, epoch: "1" },
    vars: { PATCH_MOI_URL: deployment.edge.url },
    packages,
    idTokenEnvironment: () => issuer.jobEnvironment(CLAIMS),
    ...(after === undefined ? {} : { after }),
  });
  const { json } = await deployment.api.send("GET", `/maintenance-attempts/${id}.1`);
  return { ends, detail: AttemptDetail.parse(json), seen };
}

const results = (ends: Record<string, JobEnd>) =>
  Object.fromEntries(Object.entries(ends).map(([k, v]) => [k, v.result]));

it("replays, verifies without any credential, and pushes", async () => {
  const release = await life.releaseUnrelated("v1.1.0");
  const { ends, detail, seen } = await play("v1.1.0");
  expect(results(ends), JSON.stringify(ends, null, 1)).toEqual({
    replay: "success",
    verify: "success",
    push: "success",
  });
  expect(detail.attempt).toMatchObject({ status: "changed", runner: { name: "github-88" } });
  expect(detail.report?.verify.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const [candidate] = detail.attempt.candidates;
  expect(await git(life.fork, ["rev-parse", candidate?.ref ?? ""])).toBe(candidate?.oid);
  expect(await git(life.fork, ["merge-base", candidate?.oid ?? "", release.oid])).toBe(release.oid);
  // Neither the job nor what it ran had anything to open a door with.
  const sighted = [Object.entries(ends.verify?.environment ?? {}).join("\n"), readFileSync(seen, "utf8")].join("\n");
  expect(sighted).not.toMatch(/token|secret|whsec_|PATCH_MOI_URL/i);
  // One log from both jobs.
  const log = await deployment.api.send("GET", `/maintenance-attempts/${detail.attempt.id}/log`);
  expect(log.text.match(/fetching upstream/g)).toHaveLength(2);
  expect(log.text).toContain("candidate refs/heads/");
});

it("reports a verification that fails, with the patch that is to blame", async () => {
  await life.releaseBreakingVerification("v1.2.0");
  const { ends, detail } = await play("v1.2.0");
  expect(results(ends)).toEqual({ replay: "success", verify: "failure", push: "success" });
  expect(detail.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "verify_failed" } });
  expect(detail.report?.patches.find(({ oid }) => oid === detail.report?.firstFailingPatch)?.subject).toMatch(
    /banner/i,
  );
});

it("does not take the verifying job's word for another commit, or for a pass that the forge denies", async () => {
  const edit = (job: string, artifacts: string, change: object) => {
    if (job !== "verify") return;
    const path = join(artifacts, "findings/findings.json");
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
  };
  const other = await play("v1.1.0", (job, artifacts) => edit(job, artifacts, { resultOid: "a".repeat(40) }));
  expect(other.detail.attempt).toMatchObject({ status: "queued", reason: { code: "moved_during_verify" } });
  const passed = [{ command: VERIFY_COMMAND, exitCode: 0, seconds: 1, outputTail: "" }];
  const denied = await play("v1.2.0", (job, artifacts) => edit(job, artifacts, { verify: passed, failure: undefined }));
  expect(denied.detail.attempt).toMatchObject({ status: "queued", reason: { code: "verify_not_done" } });
});

it("ends with the first job when there is a conflict", async () => {
  await life.releaseConflicting("v1.3.0");
  const { ends, detail } = await play("v1.3.0");
  expect(results(ends)).toEqual({ replay: "success", verify: "skipped", push: "skipped" });
  expect(detail.attempt).toMatchObject({ status: "needs_intervention", reason: { code: "conflict" } });
});

it("gives each job the least it needs", () => {
  const { permissions, jobs } = readWorkflow(TEXT);
  expect(permissions).toEqual({});
  expect(Object.entries(jobs).map(([name, job]) => [name, job.permissions])).toEqual([
    ["replay", { contents: "read", "id-token": "write" }],
    ["verify", {}],
    ["push", { contents: "write", "id-token": "write" }],
  ]);
  // Inputs reach scripts through variables only: an expression in a script is code.
  expect(
    Object.values(jobs)
      .flatMap((job) => job.steps.map((step) => step.run ?? ""))
      .join(),
  ).not.toContain("${{");
  expect(TEXT).toContain(
    `patch.moi@${(JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as { version: string }).version} `,
  );
});
