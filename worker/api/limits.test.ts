/**
 * What a deployment refuses because it is too much: too often, too many, too large. Each refusal has its code, its
 * status, and says what helps.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, declareStack, expectBody } from "../../harness/edge/client.ts";
import { formToken, Visitor } from "../../harness/edge/console-visitor.ts";
import { createApp } from "../app.ts";
import { ErrorBody } from "../contract/error.ts";
import { RunnerCreated, TokenCreated } from "../contract/identity.ts";
import { QUOTA_DEFAULTS, Quotas } from "../contract/quota.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";
import { RATE_PERIOD_SECONDS } from "../platform/rate-limit.ts";

const app = createApp();

/** Twice what the binding lets through in a period, and one: a period may end in between, two cannot. */
const ENOUGH = 41;

type Asked = { status: number; code: string; message: string; retryAfter: string | null };

async function ask(method: string, path: string, more: object, body?: unknown, token?: string): Promise<Asked> {
  const headers = {
    authorization: `Bearer ${token ?? env.PATCH_ADMIN_TOKEN}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const request = new Request(`https://patch.test${path}`, { method, headers, body: JSON.stringify(body) });
  const response = await app.fetch(request, { ...env, ...more });
  const parsed = ErrorBody.safeParse(await response.json().catch(() => undefined));
  const { code, message } = parsed.success ? parsed.data.error : { code: "none", message: "" };
  return { status: response.status, code, message, retryAfter: response.headers.get("retry-after") };
}

async function untilRefused(once: () => Promise<Asked>): Promise<Asked> {
  for (let i = 0; i < ENOUGH; i++) {
    const asked = await once();
    if (asked.status === 429) return asked;
  }
  throw new Error(`${ENOUGH} requests were let through`);
}

const REFUSED = { status: 429, code: "rate_limited", retryAfter: String(RATE_PERIOD_SECONDS) };

describe("too often", () => {
  const tokens = { TOKEN_LIMIT: env.SIGN_IN_LIMIT };
  const makeToken = async (name: string) =>
    expectBody(TokenCreated, await call("POST", "/tokens", { name, scopes: ["read"] }), 201).secret;

  it("a token that asks without end is told when to come back; another goes on", async () => {
    const [busy, calm] = [await makeToken("busy"), await makeToken("calm")];
    const refused = await untilRefused(() => ask("GET", "/stacks?limit=1", tokens, undefined, busy));
    expect(refused).toMatchObject(REFUSED);
    expect(refused.message).toBe("requests with the token 'busy' came too often; try again in 60 seconds");
    expect((await ask("GET", "/stacks?limit=1", tokens, undefined, calm)).status).toBe(200);
    expect((await ask("GET", "/stacks?limit=1", {}, undefined, busy)).status).toBe(200);
  });

  it("a limiter that does not answer shuts nobody out", async () => {
    const broken = { TOKEN_LIMIT: { limit: () => Promise.reject(new Error("no limiter")) } };
    expect((await ask("GET", "/stacks?limit=1", broken)).status).toBe(200);
  });

  it("polls of a source out of turn are counted by source", async () => {
    await declareStack("often");
    const source = (url: string) => ({
      provider: "feed",
      url,
      event: "release",
      target: { mode: "maintain", stacks: ["often"] },
    });
    for (const id of ["often-a", "often-b"]) await call("PUT", `/feed-sources/${id}`, source("http://127.0.0.1:9/f"));
    const sources = { SOURCE_LIMIT: env.SIGN_IN_LIMIT };
    expect(await untilRefused(() => ask("POST", "/feed-sources/often-a/poll", sources))).toMatchObject(REFUSED);
    expect((await ask("POST", "/feed-sources/often-b/poll", sources)).status).toBe(202);
  });

  it("the console's door counts every try of an address, and then a right token does not open it either", async () => {
    const guesser = new Visitor();
    const csrf = formToken(await guesser.get("/console/login"));
    const refused = await untilRefused(async () => {
      const { status, headers, html } = await guesser.post("/console/login", { token: "guess", csrf });
      return {
        status,
        code: html.includes("rate_limited") ? "rate_limited" : "",
        message: html,
        retryAfter: headers.get("retry-after"),
      };
    });
    expect(refused).toMatchObject(REFUSED);
    expect(refused.message).toContain("try again in 60 seconds");
    await expect(Visitor.signedIn()).resolves.toBeInstanceOf(Visitor);
    // The same customer from another address of their /64.
    const again = await guesser.post(
      "/console/login",
      { token: env.PATCH_ADMIN_TOKEN, csrf },
      { "cf-connecting-ip": guesser.address.replace("::1", "::2") },
    );
    expect([again.status, guesser.cookies.has("__Host-patch-moi-session")]).toEqual([429, false]);
  });
});

describe("too many", () => {
  const upstream = { url: "https://git.test.org/up" };
  const stack = { upstream, fork: { url: "https://git.test.org/fork" }, branch: "patched" };
  const feed = { provider: "feed", url: "https://git.test.org/f", event: "release" };
  const none = { PATCH_QUOTAS: "stacks=0,sources=0,tokens=0,runners=0" };

  it.each<[string, string, string, unknown]>([
    ["stacks", "PUT", "/stacks/one-more", stack],
    ["sources", "PUT", "/feed-sources/one-more", { ...feed, target: { mode: "maintain", stacks: ["kept"] } }],
    ["tokens", "POST", "/tokens", { name: "one-more", scopes: ["read"] }],
    ["runners", "POST", "/runners", { name: "one-more" }],
  ])(
    "%s: one more than the quota is refused, with what helps, and nothing is made",
    async (kind, method, path, body) => {
      const refused = await ask(method, path, none, body);
      expect(refused).toMatchObject({ status: 403, code: "quota_exceeded" });
      expect(refused.message).toMatch(
        new RegExp(`takes 0; delete one \\(DELETE /.*raise PATCH_QUOTAS \\(${kind}=\\d+ or`),
      );
      expect((await call("GET", `/${kind === "sources" ? "feed-sources" : kind}?limit=500`)).body).not.toMatchObject({
        [kind]: expect.arrayContaining([expect.objectContaining({ id: "one-more" })]) as unknown,
      });
      await declareStack("kept");
      expect((await ask(method, path, {}, body)).status).toBe(201);
    },
  );

  it("what is there can still be changed, and a deleted stack makes room", async () => {
    await declareStack("room");
    const there = (await call("GET", "/stacks?limit=500")).body as { stacks: unknown[] };
    const full = { PATCH_QUOTAS: `stacks=${there.stacks.length}` };
    expect((await ask("PUT", "/stacks/room", full, { ...stack, branch: "other" })).status).toBe(200);
    expect((await ask("PUT", "/stacks/next", full, stack)).code).toBe("quota_exceeded");
    await call("DELETE", "/stacks/room");
    expect((await ask("PUT", "/stacks/next", full, stack)).status).toBe(201);
    expect((await ask("PUT", "/stacks/room", full, stack)).code).toBe("quota_exceeded");
  });

  it("a source that brings its own stack needs room for both", async () => {
    const body = {
      ...feed,
      provider: "github",
      url: "https://github.com/lantern/lantern",
      target: { mode: "fork_sync", fork: { url: "https://github.com/office/lantern" }, branch: "office" },
    };
    const refused = await ask("PUT", "/feed-sources/brings", { PATCH_QUOTAS: "stacks=0" }, body);
    expect(refused).toMatchObject({ status: 403, code: "quota_exceeded" });
    expect((await call("GET", "/feed-sources/brings")).status).toBe(404);
  });

  it("the setting names numbers by kind; what it does not name stays as it is", async () => {
    expect(Quotas.parse("stacks=5, runners=0")).toEqual({ ...QUOTA_DEFAULTS, stacks: 5, runners: 0 });
    expect(Quotas.safeParse("stack=5").error?.message).toContain("kinds are stacks, sources, tokens, runners");
    expect((await ask("GET", "/stacks", { PATCH_QUOTAS: "stacks=many" })).code).toBe("not_configured");
  });
});

it("a runner whose claims come without end is told to wait", async () => {
  const made = await call("POST", "/runners", { name: "eager", labels: ["eager"] });
  const { secret } = expectBody(RunnerCreated, made, 201);
  const limited = { TOKEN_LIMIT: env.SIGN_IN_LIMIT };
  const asked = await untilRefused(async () => {
    const claim = { nonce: crypto.randomUUID(), waitSeconds: 0, runner: { name: "eager", version: "1.0.0" } };
    const body = new TextEncoder().encode(JSON.stringify(claim));
    const signature = await signWebhook(secret, crypto.randomUUID(), body, Date.now());
    const headers = { "content-type": "application/json", ...signature };
    const request = new Request("https://patch.test/runner/claim", { method: "POST", headers, body });
    const response = await app.fetch(request, { ...env, ...limited });
    const parsed = ErrorBody.safeParse(await response.json().catch(() => undefined));
    return {
      status: response.status,
      code: parsed.data?.error.code ?? "",
      message: "",
      retryAfter: response.headers.get("retry-after"),
    };
  });
  expect(asked).toMatchObject(REFUSED);
});
