/** What is refused gets a clear error and leaves no trace: asked of one running edge, from the outside. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorBody } from "../worker/contract/error.ts";
import { encodeSecret, signWebhook } from "../worker/contract/standard-webhooks.ts";
import type { Answer } from "./deployment/admin-api.ts";
import { type Deployment, startDeployment } from "./deployment/deployment.ts";
import { type GitServer, startGitServer } from "./git-server/server.ts";
import { freePort } from "./process/free-port.ts";
import { until } from "./process/until.ts";
import { FORK, UPSTREAM, UpstreamLife } from "./upstream-life/life.ts";

let folder: string;
let deployment: Deployment;
let life: UpstreamLife;
let forge: GitServer;
let closedPort: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bad-input-"));
  life = await UpstreamLife.begin(folder);
  forge = await startGitServer({ root: life.root, control: true });
  closedPort = await freePort();
  deployment = await startDeployment(folder);
});

afterAll(async () => {
  await deployment?.edge.stop();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

function stackConfig(branch = "office", upstream = `${forge.origin}/${UPSTREAM}.git`): Record<string, unknown> {
  return { upstream: { url: upstream }, fork: { url: `${forge.origin}/${FORK}.git` }, branch };
}

function refusal(answer: Answer): { status: number; code: string; message: string } {
  const { error } = ErrorBody.parse(answer.json);
  return { status: answer.status, code: error.code, message: error.message };
}

describe("the admin API", () => {
  it.each([
    ["malformed JSON", "{", "application/json", 400, "invalid_request"],
    ["JSON that is no object", "[]", "application/json", 400, "invalid_request"],
    ["another content type", "a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"],
    [
      "more than a megabyte",
      JSON.stringify({ branch: "x".repeat(1_100_000) }),
      "application/json",
      413,
      "payload_too_large",
    ],
  ])("refuses %s", async (_what, body, type, status, code) => {
    const answer = await deployment.api.send("PUT", "/stacks/refused", body, { "content-type": type });
    expect(refusal(answer)).toMatchObject({ status, code });
    expect((await deployment.api.send("GET", "/stacks/refused")).status).toBe(404);
  });

  it("names an unknown field and the one that was meant", async () => {
    const answer = await deployment.api.send("PUT", "/stacks/refused", { ...stackConfig(), brnach: "office" });
    expect(refusal(answer)).toMatchObject({ status: 400, code: "invalid_request" });
    expect(answer.text).toContain("brnach");
    expect(answer.text).toContain("branch");
    expect((await deployment.api.send("GET", "/stacks/refused")).status).toBe(404);
  });

  it.each(["..", "UPPER", "a b", "-dash", "a%2Fb", "%00", "%E0%A4%A", "a'--", "x".repeat(65), "name.lock", "é"])(
    "refuses the id %s",
    async (id) => {
      const path = `/stacks/${id.includes("%") ? id : encodeURIComponent(id)}`;
      const answer = await deployment.api.send("PUT", path, stackConfig());
      expect([400, 404, 405]).toContain(answer.status);
      expect(refusal(answer).message).not.toBe("");
    },
  );

  it.each(["/flow-events/none", "/maintenance-attempts/none.1", "/stacks/none", "/feed-sources/none", "/nowhere"])(
    "answers 404 to %s",
    async (path) => {
      expect(refusal(await deployment.api.send("GET", path))).toMatchObject({ status: 404, code: "not_found" });
    },
  );

  it.each(["limit=0", "limit=501", "limit=x", "cursor=%ff", "status=unheard"])("refuses ?%s", async (query) => {
    expect(refusal(await deployment.api.send("GET", `/maintenance-attempts?${query}`)).status).toBe(400);
  });

  it.each([undefined, "Bearer", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="])(
    "refuses the credential %s",
    async (value) => {
      const headers = value === undefined ? undefined : { authorization: value };
      const response = await fetch(`${deployment.edge.url}/stacks`, { headers });
      expect(response.status).toBe(401);
      expect(ErrorBody.parse(await response.json()).error.code).toBe("unauthorized");
    },
  );

  it.each(["ftp://127.0.0.1/feed", "http://user:secret@127.0.0.1/feed", "file:///etc/passwd", "no address"])(
    "refuses the feed %s",
    async (url) => {
      const answer = await deployment.api.send("PUT", "/feed-sources/refused", {
        provider: "feed",
        url,
        event: "release",
      });
      expect(refusal(answer)).toMatchObject({ status: 400, code: "invalid_request" });
    },
  );

  it("refuses a source that names a stack which does not exist", async () => {
    const answer = await deployment.api.send("PUT", "/feed-sources/refused", {
      provider: "github",
      url: `${forge.origin}/${UPSTREAM}/releases.atom`,
      event: "release",
      target: { mode: "maintain", stacks: ["nobody"] },
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(refusal(answer).message).toContain("nobody");
  });
});

describe("a feed", () => {
  it("that is HTML, or on a server that is down, is an error on its own source only", async () => {
    const { api, edge } = deployment;
    const source = { provider: "github", event: "release", pollIntervalSeconds: 1 };
    await api.putSource("page", { ...source, url: `${forge.origin}/` });
    await api.putSource("down", { ...source, url: `http://127.0.0.1:${closedPort}/releases.atom` });
    await api.putSource("good", { ...source, url: `${forge.origin}/${UPSTREAM}/releases.atom` });
    for (const id of ["page", "down"]) {
      const { health } = await until(`${id} to fail`, async () => {
        await edge.tick();
        const now = await api.source(id);
        return now.health.consecutiveFailures > 0 ? now : undefined;
      });
      expect(health).toMatchObject({ primed: false, lastOutcome: "failed" });
      expect(health.lastError?.message).not.toBe("");
      expect(await api.signals(id)).toEqual([]);
    }
    await until("the good one to be primed", async () => {
      await edge.tick();
      return (await api.source("good")).health.primed || undefined;
    });
    expect((await api.source("good")).health).toMatchObject({ consecutiveFailures: 0 });
  });
});

describe("a runner", () => {
  const nonce = "nonce-of-the-bad-input-test";
  const wrong = encodeSecret(new Uint8Array(32).fill(7));

  async function post(path: string, document: unknown, secret: string): Promise<Response> {
    const body = new TextEncoder().encode(JSON.stringify(document));
    const signature = await signWebhook(secret, "msg_1", body, Date.now());
    const headers = { "content-type": "application/json", ...signature };
    return fetch(deployment.edge.url + path, { method: "POST", headers, body });
  }

  it("with a wrong secret is told nothing but 401", async () => {
    await deployment.api.makeRunner("known");
    const claim = (name: string) => ({ nonce, waitSeconds: 0, runner: { name, version: "1", labels: [] } });
    const known = await post("/runner/claim", claim("known"), wrong);
    const unknown = await post("/runner/claim", claim("unheard-of"), wrong);
    expect([known.status, unknown.status]).toEqual([401, 401]);
    expect(await known.text()).toBe(await unknown.text());
  });

  it("with a right secret and a wrong shape is told what is wrong", async () => {
    const { secret } = await deployment.api.makeRunner("clumsy");
    const answer = await post(
      "/runner/claim",
      { nonce, runner: { name: "clumsy", version: "1" }, whatever: 1 },
      secret,
    );
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("whatever");
  });

  it("that reports on an attempt which does not exist is told nothing but 401", async () => {
    const result = { outcome: "completed" };
    const callback = { type: "attempt.result", attemptId: "nobody.1", epoch: 1, nonce, seq: 1, data: result };
    const answer = await post("/webhooks/runner", callback, wrong);
    expect(answer.status).toBe(401);
    const unsigned = await fetch(`${deployment.edge.url}/webhooks/runner`, { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(401);
    expect(await unsigned.text()).toBe(await answer.text());
  });

  it("on the command line says in one line why it was turned away", async () => {
    const home = join(folder, "turned-away");
    mkdirSync(home);
    const identity = { name: "known", secret: wrong, server: deployment.edge.url, labels: [] };
    writeFileSync(join(home, "runner.json"), JSON.stringify(identity), { mode: 0o600 });
    const run = await deployment.cli(["runner", "once"], { PATCH_MOI_HOME: home });
    expect(run.code).toBe(1);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain("unauthorized");
  });
});

describe("work that cannot be done", () => {
  /** Declares the stack, accepts an event for it by hand, lets a runner work once. */
  async function outcome(id: string, config: Record<string, unknown>) {
    const { api } = deployment;
    await api.putStack(id, config);
    const entry = { entryId: `${id}-v1.1.0`, tag: "v1.1.0" };
    const event = { id: `manual:${id}:v1.1.0`, type: "upstream.release", payload: { entry }, stackIds: [id] };
    const accepted = await api.send("POST", "/flow-events", event);
    expect(accepted.status).toBeLessThan(300);
    await deployment.cli(["runner", "once"]);
    const [attempt] = await api.attempts({ stackId: id });
    return attempt;
  }

  beforeAll(async () => {
    await life.releaseUnrelated("v1.1.0");
    await deployment.cliJson(["runner", "register", "--name", "worker"]);
  });

  it("a branch that does not exist is named to a person", async () => {
    const attempt = await outcome("no-branch", stackConfig("nowhere"));
    expect(["needs_intervention", "failed", "blocked"]).toContain(attempt?.status);
    expect(attempt?.reason?.message).toContain("nowhere");
  });

  it("a Git server that is down blocks the attempt, which is tried again by itself", async () => {
    const attempt = await outcome("down", stackConfig("office", `http://127.0.0.1:${closedPort}/a/b.git`));
    expect(attempt).toMatchObject({ status: "blocked" });
    expect(attempt?.nextActionAt).toBeDefined();
  });
});
