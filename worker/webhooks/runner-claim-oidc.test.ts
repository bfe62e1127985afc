/** A forge's job claims with its ID token: what is let in, and everything that is not. */
import { env, exports } from "cloudflare:workers";
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attemptDetail, declareStack, expectBody, postRelease, type Reply, tell } from "../../harness/edge/client.ts";
import { Issuer } from "../../harness/oidc-issuer/issuer.ts";
import type { ForgeIdentity } from "../contract/forge-identity.ts";
import { JobEnvelope } from "../contract/runner-wire.ts";
import { everyMinute } from "../cron.ts";

const AUDIENCE = "https://patch.test";
const WORKFLOW = "acme/editor/.github/workflows/patch-moi.yml@refs/heads/main";

let issuer: Issuer;
let issuers = 0;
let stacks = 0;
let stack: string;

beforeEach(async () => {
  // An address of its own: keys are cached by issuer.
  issuer = await Issuer.start(`https://issuer-${issuers++}.forge.org`);
  vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
    const document = issuer.document(new Request(input).url);
    return Promise.resolve(Response.json(document?.body ?? {}, { status: document?.status ?? 404 }));
  });
  stack = `oidc-${stacks++}`;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const github = (over: JWTPayload = {}): JWTPayload => ({
  aud: AUDIENCE,
  sub: "repo:acme/editor:ref:refs/heads/main",
  repository_id: "501",
  repository_owner_id: "77",
  workflow_ref: WORKFLOW,
  event_name: "workflow_dispatch",
  runner_environment: "github-hosted",
  run_id: "9001",
  ...over,
});

function pins(over: Partial<ForgeIdentity> = {}): ForgeIdentity {
  return {
    forge: "github",
    issuer: issuer.url,
    repositoryId: "501",
    ownerId: "77",
    workflowRef: WORKFLOW,
    events: ["workflow_dispatch"],
    runnerEnvironment: "github-hosted",
    ...over,
  };
}

/** A stack that trusts the job, with one attempt waiting. */
async function waiting(identity: ForgeIdentity | undefined = pins(), id = stack): Promise<string> {
  await declareStack(id, { identity });
  await postRelease(id, "v1.0.0");
  return `${id}.1`;
}

async function claim(attemptId: string, token: string, over: object = {}): Promise<Reply> {
  const nonce = crypto.randomUUID();
  const body = { attemptId, epoch: 1, nonce, runner: { name: "builder-1", version: "1.0.0" }, ...over };
  const response = await exports.default.fetch(`${AUDIENCE}/runner/claim`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

const CONSTANT = { error: { code: "unauthorized", message: "the request is not authenticated" } };

async function refusedAs(status: 401 | 403, answer: Reply): Promise<void> {
  expect(answer.status).toBe(status);
  if (status === 401) expect(answer.body).toEqual(CONSTANT);
  else expect(answer.body).toMatchObject({ error: { code: "forbidden" } });
  expect((await attemptDetail(`${stack}.1`)).attempt.status).toBe("dispatched");
}

it("lets the pinned job claim, work and report, under a name of its own", async () => {
  const attemptId = await waiting();
  const job = expectBody(JobEnvelope, await claim(attemptId, await issuer.token(github())));
  expect((await tell(job, { type: "attempt.heartbeat" })).body).toMatchObject({ status: "applied" });
  const { attempt } = await attemptDetail(attemptId);
  // The body's name, 'builder-1', could be a registered runner's.
  expect(attempt).toMatchObject({ status: "running", runner: { name: "github-9001" } });
});

it("takes Forgejo's and GitLab's claims too, and RS256", async () => {
  await issuer.rotate("RS256");
  const forgejo = await waiting(pins({ forge: "forgejo", runnerEnvironment: undefined }), `${stack}-forgejo`);
  const { runner_environment: _, ...claims } = github({ repository_id: 501, repository_owner_id: 77 } as JWTPayload);
  expect((await claim(forgejo, await issuer.token(claims))).status).toBe(200);

  const workflowRef = "gitlab.com/acme/editor//.gitlab-ci.yml@refs/heads/main";
  const gitlab = await waiting(
    pins({ forge: "gitlab", workflowRef, events: ["trigger", "api"], runnerEnvironment: "gitlab-hosted" }),
    `${stack}-gitlab`,
  );
  const job = {
    aud: AUDIENCE,
    project_id: "501",
    namespace_id: "77",
    ci_config_ref_uri: workflowRef,
    pipeline_source: "trigger",
    runner_environment: "gitlab-hosted",
    job_id: "4004",
  };
  const elsewhere = await issuer.token({ ...job, ci_config_ref_uri: null });
  expect((await claim(gitlab, elsewhere)).status).toBe(403);
  expect((await claim(gitlab, await issuer.token(job))).status).toBe(200);
  expect((await attemptDetail(gitlab)).attempt.runner?.name).toBe("gitlab-4004");
});

describe("a valid token of another job is 403", () => {
  it.each<[string, JWTPayload]>([
    ["another repository of the same name", { repository_id: "502" }],
    ["another owner", { repository_owner_id: "78" }],
    ["another workflow", { workflow_ref: "acme/editor/.github/workflows/other.yml@refs/heads/main" }],
    ["the workflow as a branch has it", { workflow_ref: WORKFLOW.replace("heads/main", "heads/attack") }],
    ["another event", { event_name: "pull_request_target" }],
    ["another kind of machine", { runner_environment: "self-hosted" }],
    ["claims of no job", { repository_id: undefined }],
  ])("%s", async (_, over) => {
    const attemptId = await waiting();
    await refusedAs(403, await claim(attemptId, await issuer.token(github(over))));
  });

  it("of another stack's fork", async () => {
    await waiting(pins({ repositoryId: "900" }));
    await refusedAs(403, await claim(`${stack}.1`, await issuer.token(github())));
  });
});

describe("everything that proves nothing is the same 401", () => {
  const now = () => Math.floor(Date.now() / 1000);
  it.each<[string, () => Promise<string>]>([
    ["for another audience", () => issuer.token(github({ aud: "https://sts.example.com" }))],
    ["for several audiences", () => issuer.token(github({ aud: [AUDIENCE, "https://sts.example.com"] }))],
    ["without an audience", () => issuer.token(github({ aud: undefined }))],
    ["of another issuer", () => issuer.token(github({ iss: "https://token.actions.githubusercontent.com" }))],
    ["expired", () => issuer.token(github(), { issuedAt: now() - 900 })],
    ["of a time to come", () => issuer.token(github(), { issuedAt: now() + 300 })],
    ["not valid yet", () => issuer.token(github({ nbf: now() + 300 }))],
    ["without an end", () => issuer.token(github({ exp: undefined }))],
    [
      "older than a job's start, with a far end",
      () => issuer.token(github(), { issuedAt: now() - 7200, lives: 86_400 }),
    ],
    ["not a token", () => Promise.resolve("a.b.c")],
    ["an admin token", () => Promise.resolve(env.PATCH_ADMIN_TOKEN)],
  ])("%s", async (_, token) => {
    const attemptId = await waiting();
    await refusedAs(401, await claim(attemptId, await token()));
  });

  it("forged: signed by somebody else, altered, or not signed at all", async () => {
    const attemptId = await waiting();
    const { privateKey } = await generateKeyPair("ES256");
    await refusedAs(401, await claim(attemptId, await issuer.token(github(), { key: privateKey })));
    const [head = "", , signature = ""] = (await issuer.token(github({ repository_id: "1" }))).split(".");
    const text = (value: unknown) =>
      btoa(JSON.stringify(value)).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_");
    const claims = { ...github(), iss: issuer.url, iat: now(), exp: now() + 300 };
    await refusedAs(401, await claim(attemptId, `${head}.${text(claims)}.${signature}`));
    for (const alg of ["none", "None", "NONE"]) {
      const header = text({ alg, kid: issuer.publicJwk.kid });
      await refusedAs(401, await claim(attemptId, `${header}.${text(claims)}.${signature}`));
      await refusedAs(401, await claim(attemptId, `${header}.${text(claims)}.`));
    }
  });

  it("the public key used as a shared secret", async () => {
    const attemptId = await waiting();
    await issuer.rotate("RS256");
    const published = await importJWK({ ...issuer.publicJwk, ext: true }, "RS256");
    if (published instanceof Uint8Array) throw new Error("not a key");
    const secret = new TextEncoder().encode(await exportSPKI(published));
    const token = await new SignJWT({ ...github(), iss: issuer.url, iat: now(), exp: now() + 300 })
      .setProtectedHeader({ alg: "HS256", kid: issuer.publicJwk.kid })
      .sign(secret);
    await refusedAs(401, await claim(attemptId, token));
  });

  it("a key that the token brings along or points to", async () => {
    const attemptId = await waiting();
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await crypto.subtle.exportKey("jwk", publicKey);
    const headers = [
      { jwk },
      { jwk, kid: "../../etc/passwd" },
      { jku: "https://attacker.org/jwks", kid: "theirs" },
      { x5u: "https://attacker.org/cert", kid: "' OR 1=1 --" },
      { kid: "x".repeat(5000) },
      { kid: undefined, jwk },
    ];
    for (const header of headers)
      await refusedAs(401, await claim(attemptId, await issuer.token(github(), { header, key: privateKey })));
    const asked = vi.mocked(globalThis.fetch).mock.calls.map(([input]) => new Request(input).url);
    expect(asked.every((url) => url.startsWith(issuer.url))).toBe(true);
  });

  it("an attempt, stack or epoch that names nothing, and a stack that trusts no job", async () => {
    const token = () => issuer.token(github());
    await waiting(undefined);
    await declareStack(stack);
    await refusedAs(401, await claim(`${stack}.1`, await token()));
    await declareStack(stack, { identity: pins() });
    for (const attemptId of [`${stack}.99`, "no-such-stack.1", "nonsense"]) {
      const answer = await claim(attemptId, await token());
      expect([answer.status, answer.body]).toEqual([401, CONSTANT]);
    }
    expect((await claim(`${stack}.1`, await token(), { epoch: undefined })).status).toBe(401);
  });
});

describe("a token counts once", () => {
  it("for one claim, whose repetition is answered the same", async () => {
    const attemptId = await waiting();
    const token = await issuer.token(github());
    const nonce = crypto.randomUUID();
    const first = await claim(attemptId, token, { nonce });
    expect(first.status).toBe(200);
    expect(await claim(attemptId, token, { nonce })).toMatchObject({ status: 200, body: first.body });
    const replayed = await claim(attemptId, token);
    expect([replayed.status, replayed.body]).toEqual([401, CONSTANT]);
  });

  it("whichever of many at once is first", async () => {
    const attemptId = await waiting();
    // Whoever comes while the keys are fetched for the first time is asked to come again.
    await claim(attemptId, await issuer.token(github({ repository_id: "1" })));
    const token = await issuer.token(github());
    const answers = await Promise.all(Array.from({ length: 8 }, () => claim(attemptId, token)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 7 }, () => 401),
    ]);
  });

  it("also without a jti", async () => {
    const attemptId = await waiting();
    const token = await issuer.token(github({ jti: undefined }));
    expect((await claim(attemptId, token)).status).toBe(200);
    expect((await claim(attemptId, token)).status).toBe(401);
  });

  it("and is forgotten once its age alone refuses it", async () => {
    const attemptId = await waiting();
    await claim(attemptId, await issuer.token(github()));
    const count = async () => (await env.DB.prepare("SELECT count(*) AS n FROM used_tokens").first<{ n: number }>())?.n;
    expect(await count()).toBeGreaterThan(0);
    await everyMinute(env, Date.now() + 2 * 3_600_000);
    expect(await count()).toBe(0);
  });
});

describe("the issuer's keys", () => {
  /** As if a minute had passed since they were asked for. */
  const cooledDown = () =>
    env.DB.prepare("UPDATE issuer_keys SET tried_at = '2020-01-01T00:00:00.000Z' WHERE issuer = ?1")
      .bind(issuer.url)
      .run();

  it("are fetched once, and not more often for keys that nobody has", async () => {
    const attemptId = await waiting();
    await claim(attemptId, await issuer.token(github({ repository_id: "1" })));
    expect(issuer.asked).toBe(2);
    const { privateKey } = await generateKeyPair("ES256");
    for (let i = 0; i < 10; i++) {
      const header = { kid: `made-up-${i}` };
      await refusedAs(401, await claim(attemptId, await issuer.token(github(), { header, key: privateKey })));
    }
    expect(issuer.asked).toBe(2);
    expect((await claim(attemptId, await issuer.token(github()))).status).toBe(200);
    expect(issuer.asked).toBe(2);
  });

  it("are read anew when a token names a new one, and the old one is good no more", async () => {
    const attemptId = await waiting();
    const old = await issuer.token(github());
    await claim(attemptId, await issuer.token(github({ repository_id: "1" })));
    await issuer.rotate();
    await refusedAs(401, await claim(attemptId, await issuer.token(github())));
    await cooledDown();
    expect((await claim(attemptId, await issuer.token(github()))).status).toBe(200);
    expect((await claim(attemptId, old, { nonce: crypto.randomUUID() })).status).toBe(401);
  });

  it("may be out of reach: the last ones count for a day, and without any it is 503", async () => {
    const attemptId = await waiting();
    issuer.down = true;
    const answer = await claim(attemptId, await issuer.token(github()));
    expect(answer).toMatchObject({ status: 503, body: { error: { code: "issuer_unavailable" } } });
    expect(answer.headers.get("retry-after")).toBe("60");
    issuer.down = false;
    await cooledDown();
    await claim(attemptId, await issuer.token(github({ repository_id: "1" })));
    issuer.down = true;
    const hours = (n: number) =>
      env.DB.prepare("UPDATE issuer_keys SET fetched_at = ?1, tried_at = ?1 WHERE issuer = ?2")
        .bind(new Date(Date.now() - n * 3_600_000).toISOString(), issuer.url)
        .run();
    await hours(25);
    expect((await claim(attemptId, await issuer.token(github()))).status).toBe(503);
    await hours(5);
    expect((await claim(attemptId, await issuer.token(github()))).status).toBe(200);
  });

  it("must be where the issuer is, and be its own", async () => {
    const attemptId = await waiting();
    const documents: Record<string, unknown> = {
      moved: { issuer: issuer.url, jwks_uri: "https://attacker.org/jwks" },
      foreign: { issuer: "https://attacker.org", jwks_uri: `${issuer.url}/.well-known/jwks` },
      large: { issuer: issuer.url, jwks_uri: `${issuer.url}/.well-known/jwks`, pad: "x".repeat(300_000) },
    };
    for (const document of Object.values(documents)) {
      vi.mocked(globalThis.fetch).mockImplementation(() => Promise.resolve(Response.json(document)));
      await cooledDown();
      expect((await claim(attemptId, await issuer.token(github()))).status).toBe(503);
    }
  });
});
