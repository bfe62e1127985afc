/** A check of a set-up: proved by the one job that is pinned, kept open with the reason for every other. */
import { env, exports } from "cloudflare:workers";
import type { JWTPayload } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { call, declareStack, expectBody, type Reply } from "../../harness/edge/client.ts";
import { PlayedGithub } from "../../harness/edge/played-github.ts";
import { Issuer } from "../../harness/oidc-issuer/issuer.ts";
import { RunnerCreated } from "../contract/identity.ts";
import { CheckJob } from "../contract/runner-wire.ts";
import { SetupCheck } from "../contract/setup-check.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";

const AUDIENCE = "https://patch.test";
const WORKFLOW = "acme/editor/.github/workflows/patch-moi.yml@refs/heads/main";
const CLAIMS = {
  aud: AUDIENCE,
  repository_id: "501",
  repository_owner_id: "77",
  workflow_ref: WORKFLOW,
  event_name: "workflow_dispatch",
  runner_environment: "github-hosted",
  run_id: "9001",
};

let issuer: Issuer;
let count = 0;
let stack: string;
let forge: PlayedGithub;

beforeEach(async () => {
  stack = `checked-${count}`;
  forge = new PlayedGithub(`https://forge-${count}.example.org`);
  issuer = await Issuer.start(`https://issuer-${count++}.example.org`);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const document = issuer.document(request.url);
    if (document !== undefined) return Response.json(document.body, { status: document.status });
    return (await forge.answer(request)) ?? new Response(null, { status: 404 });
  });
  const added = await call("POST", "/credentials", {
    kind: "github-token",
    name: stack,
    host: new URL(forge.url).host,
    value: "a-token-of-the-test",
  });
  expect(added.status).toBe(201);
  const identity = {
    forge: "github",
    issuer: issuer.url,
    repositoryId: "501",
    ownerId: "77",
    workflowRef: WORKFLOW,
    events: ["workflow_dispatch"],
  };
  const fork = { url: `${forge.url}/acme/editor.git`, forge: { kind: "github" } };
  const put = await call("PUT", `/stacks/${stack}`, {
    upstream: { url: "https://git.example.org/up" },
    fork,
    branch: "patched",
    policy: { driver: "github-actions", identity },
  });
  expect(put.status).toBe(201);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function started(): Promise<SetupCheck> {
  return parsed(await call("POST", `/stacks/${stack}/checks`), 202);
}

async function latest(): Promise<SetupCheck> {
  return parsed(await call("GET", `/stacks/${stack}/checks/latest`), 200);
}

function parsed(answer: Reply, status: number): SetupCheck {
  if (answer.status !== status) throw new Error(JSON.stringify(answer.body));
  return SetupCheck.parse((answer.body as { check: unknown }).check);
}

async function claim(attemptId: string, token: string, nonce: string = crypto.randomUUID()): Promise<Reply> {
  const response = await exports.default.fetch(`${AUDIENCE}/runner/claim`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ attemptId, epoch: 1, nonce, runner: { name: "x", version: "1.0.0" } }),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

const token = (over: JWTPayload = {}) => issuer.token({ ...CLAIMS, ...over });

it("is proved by the pinned job, which is told so and given nothing", async () => {
  const check = await started();
  expect(check).toMatchObject({ state: "waiting", runs: [{ id: "1" }] });
  expect(forge.started).toEqual([{ v: "1", attemptId: check.id, epoch: "1", api: AUDIENCE }]);
  const [nonce, proof] = [crypto.randomUUID(), await token()];
  const answer = await claim(check.id, proof, nonce);
  expect(expectBody(CheckJob.strict(), answer)).toEqual({
    v: 1,
    kind: "check",
    stackId: stack,
    provedAs: "github-9001",
  });
  // Its answer may have been lost; another use of the token is none.
  expect(await claim(check.id, proof, nonce)).toMatchObject({ status: 200, body: answer.body });
  expect((await claim(check.id, proof)).status).toBe(401);
  forge.run = { status: "completed", conclusion: "success" };
  expect(await latest()).toMatchObject({ id: check.id, state: "proved", provedAs: "github-9001" });
  expect((await call("GET", `/maintenance-attempts?stackId=${stack}`)).body).toMatchObject({ attempts: [] });
});

it("waits on with the reason when another job comes, and fails with it when the run is over", async () => {
  const check = await started();
  const refusals: [JWTPayload, number, RegExp][] = [
    [{ repository_id: "502" }, 403, /another job than policy\.identity says \(repositoryId is '502'\)/],
    [{ aud: "https://other.example.org" }, 401, /must be made for PATCH_URL.*aud/],
  ];
  for (const [over, status, why] of refusals) {
    expect((await claim(check.id, await token(over))).status).toBe(status);
    const now = await latest();
    expect(now).toMatchObject({ state: "waiting", reason: { code: "job_refused" } });
    expect(now.reason?.message).toMatch(why);
  }
  forge.run = { status: "completed", conclusion: "failure" };
  expect(await latest()).toMatchObject({ state: "failed", reason: { code: "job_refused" } });
  // Over is over: the right job is late.
  expect((await claim(check.id, await token())).status).toBe(401);
  expect(await latest()).toMatchObject({ state: "failed" });
});

it("says so when no job comes at all, or the run cannot be started", async () => {
  const check = await started();
  forge.run = { status: "completed", conclusion: "success" };
  const ended = await latest();
  expect(ended).toMatchObject({ id: check.id, state: "failed", reason: { code: "no_claim" } });
  expect(ended.reason?.message).toContain("/runs/1");
  await call("DELETE", `/credentials/${stack}`);
  expect(await started()).toMatchObject({ state: "failed", reason: { code: "forge_no_credential" } });
  await declareStack(`${stack}-pull`);
  const pull = await call("POST", `/stacks/${stack}-pull/checks`);
  expect([pull.status, JSON.stringify(pull.body)]).toEqual([409, expect.stringMatching(/set policy\.driver to/)]);
  expect((await call("GET", `/stacks/${stack}-pull/checks/latest`)).status).toBe(404);
});

it("is open for an hour, and nobody can make one up", async () => {
  const check = await started();
  await env.DB.prepare("UPDATE setup_checks SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = ?1")
    .bind(check.id)
    .run();
  expect((await claim(check.id, await token())).status).toBe(401);
  expect(await latest()).toMatchObject({ state: "failed", reason: { code: "no_claim" } });
  for (const id of [`check:${stack}:0123456789abcdef`, `check:nobody:0123456789abcdef`, `check:${stack}:1`])
    expect((await claim(id, await token())).status).toBe(401);
});

it("takes a registered runner's secret too, where the forge gives no token", async () => {
  const { secret } = expectBody(RunnerCreated, await call("POST", "/runners", { name: stack }), 201);
  const { id } = await started();
  const send = async (key: string) => {
    const body = { attemptId: id, epoch: 1, nonce: crypto.randomUUID(), runner: { name: stack, version: "1.0.0" } };
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const headers = await signWebhook(key, crypto.randomUUID(), bytes, Date.now());
    return exports.default.fetch(`${AUDIENCE}/runner/claim`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: bytes,
    });
  };
  expect((await send(`whsec_${btoa("x".repeat(32))}`)).status).toBe(401);
  expect((await latest()).reason?.message).toMatch(/signature as the runner/);
  expect((await send(secret)).status).toBe(200);
  expect(await latest()).toMatchObject({ state: "proved", provedAs: `runner:${stack}` });
});
