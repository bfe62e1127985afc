/**
 * Every route that no API token opens, with every kind of credential that must not open it: the console's pages and
 * forms, and what runners and forges sign. A route that is in none of the tables fails. The API's own routes are in
 * `worker/openapi/document.test.ts`, changed signatures in `mutated-requests.test.ts`.
 */
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, expectBody, postRelease, stackWithRunner } from "../../harness/edge/client.ts";
import { formToken, Visitor } from "../../harness/edge/console-visitor.ts";
import { createApp } from "../app.ts";
import { assetPath } from "../console/assets.ts";
import { RunnerCreated, TokenCreated } from "../contract/identity.ts";
import { ForecastJob, type JobEnvelope } from "../contract/runner-wire.ts";
import { signWebhook } from "../contract/standard-webhooks.ts";
import { OPERATIONS } from "../openapi/operations.ts";
import { SESSION_SECONDS, SessionSeal } from "./console-session.ts";
import { consoleKey } from "./derived-keys.ts";
import { sha256Hex } from "./digest.ts";

const ORIGIN = "https://patch.test";
const SESSION = "__Host-patch-moi-session";
const MINUTE = 60_000;

type Route = { method: string; path: string; key: string };

const routes: Route[] = createApp()
  .routes.filter(({ method }) => method !== "ALL")
  .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, "nothing"), key: `${method} ${path}` }));

async function makeToken(name: string, scope: string): Promise<string> {
  return expectBody(TokenCreated, await call("POST", "/tokens", { name, scopes: [scope] }), 201).secret;
}

describe("the console", () => {
  /** What everybody may see: the door, and what it looks like. */
  const OPEN = ["/console/login", assetPath("style"), assetPath("script"), assetPath("icon")];

  const inside = routes.filter(({ path }) => path.startsWith("/console") && !OPEN.includes(path));
  const forms = inside.filter(({ method }) => method === "POST");
  const strangers: [string, Visitor][] = [];
  let inhabitant: Visitor;
  let reader: Visitor;

  beforeAll(async () => {
    const hash = await sha256Hex(env.PATCH_ADMIN_TOKEN);
    const ours = new SessionSeal(await consoleKey(env.PATCH_SIGNING_KEY));
    const theirs = new SessionSeal(await consoleKey("another-signing-key-another-signing-key"));
    const now = Date.now();
    const forged: [string, string][] = [
      ["words", "no session"],
      ["a signature of another key", await theirs.open("admin", hash, now)],
      ["a session that is over", await ours.open("admin", hash, now - (SESSION_SECONDS + 1) * 1000)],
      ["a session of a token before this one", await ours.open("admin", await sha256Hex("before"), now)],
      ["an API token", env.PATCH_ADMIN_TOKEN],
    ];
    strangers.push(["nothing", new Visitor()]);
    for (const [name, cookie] of forged) {
      const visitor = new Visitor();
      visitor.cookies.set(SESSION, cookie);
      strangers.push([name, visitor]);
    }
    strangers.push(["a deleted token", await Visitor.signedIn(await makeToken("deleted", "admin"))]);
    strangers.push(["an expired token", await Visitor.signedIn(await makeToken("expired", "admin"))]);
    await call("DELETE", "/tokens/deleted");
    await env.DB.prepare("UPDATE tokens SET expires_at = '2020-01-01T00:00:00Z' WHERE name = 'expired'").run();
    inhabitant = await Visitor.signedIn();
    reader = await Visitor.signedIn(await makeToken("reads", "read"));
  });

  it("has routes, and the open ones are there", () => {
    expect(inside.length).toBeGreaterThan(25);
    expect(OPEN.filter((path) => !routes.some((route) => route.path === path))).toEqual([]);
  });

  it.each(inside)("$key is shut to whoever has no session", async ({ method, path }) => {
    for (const [credential, visitor] of strangers) {
      const { status, headers } = method === "GET" ? await visitor.get(path) : await visitor.post(path, {});
      const door = method === "GET" ? [303, `/console/login?next=${encodeURIComponent(path)}`] : [401, null];
      expect([credential, status, headers.get("location")]).toEqual([credential, ...door]);
    }
  });

  it.each(forms)("$key takes no form but its own", async ({ path }) => {
    const csrf = formToken(await inhabitant.get("/console"));
    const other = formToken(await reader.get("/console"));
    const refused: [string, Record<string, string>, Record<string, string>][] = [
      ["no form token", {}, {}],
      ["another session's", { csrf: other }, {}],
      ["from another site", { csrf }, { origin: "https://evil.test" }],
      ["from nowhere", { csrf }, { origin: "null" }],
    ];
    for (const [name, fields, headers] of refused)
      expect([name, (await inhabitant.post(path, fields, headers)).status]).toEqual([name, 403]);
  });

  it.each(forms.filter(({ path }) => path !== "/console/logout"))("$key is not for readers", async ({ path }) => {
    const csrf = formToken(await reader.get("/console"));
    expect((await reader.post(path, { csrf })).status).toBe(403);
  });
});

describe("what is signed", () => {
  const CONSTANT = { error: { code: "unauthorized", message: "the request is not authenticated" } };
  const encode = (value: unknown) => Uint8Array.from(new TextEncoder().encode(JSON.stringify(value)));

  type Secrets = { own: string; others: Record<string, string> };
  type Door = { path: string; method: string; body: unknown; headers?: Record<string, string>; secrets: Secrets };
  const doors = new Map<string, Door>();

  async function knock({ path, method, body, headers }: Door, proof: Record<string, string>): Promise<unknown[]> {
    const sent = { method, headers: { "content-type": "application/json", ...headers, ...proof }, body: encode(body) };
    const response = await exports.default.fetch(`${ORIGIN}${path}`, sent);
    return [response.status, await response.json().catch(() => undefined)];
  }

  function sign({ body }: Door, secret: string, at = Date.now()): Promise<Record<string, string>> {
    return signWebhook(secret, crypto.randomUUID(), encode(body), at);
  }

  beforeAll(async () => {
    const nonce = crypto.randomUUID();
    const named = (name: string) => ({ nonce, waitSeconds: 0, runner: { name, version: "1.0.0" } });
    const register = async (name: string) =>
      expectBody(RunnerCreated, await call("POST", "/runners", { name, labels: ["nothing"] }), 201).secret;
    const [own, neighbour, deleted] = [await register("own"), await register("neighbour"), await register("gone")];
    await call("DELETE", "/runners/gone");
    const runner = await stackWithRunner("signed");
    const other = await stackWithRunner("signed-other");
    await postRelease("signed", "v1.0.0");
    await postRelease("signed-other", "v1.0.0");
    const [job, otherJob]: [JobEnvelope, JobEnvelope] = [await runner.job(), await other.job()];
    const jobs = { "another attempt's key": otherJob.callbackKey, "the runner's own secret": own };
    doors.set("POST /runner/claim", {
      path: "/runner/claim",
      method: "POST",
      body: named("own"),
      secrets: {
        own,
        others: { "another runner's": neighbour, "a deleted runner's": deleted, "an attempt's key": job.callbackKey },
      },
    });
    const { attemptId, epoch } = job;
    doors.set("POST /webhooks/runner", {
      path: "/webhooks/runner",
      method: "POST",
      body: { type: "attempt.heartbeat", attemptId, epoch, nonce: job.nonce, seq: 0, data: {} },
      secrets: { own: job.callbackKey, others: jobs },
    });
    doors.set("PUT /runner/attempts/{id}/log", {
      path: `/runner/attempts/${attemptId}/log?offset=0`,
      method: "PUT",
      headers: { "x-patch-epoch": String(epoch), "x-patch-nonce": job.nonce },
      body: "a line",
      secrets: { own: job.callbackKey, others: jobs },
    });
    const daily = { forecast: { everySeconds: 86_400 } };
    const forecaster = await stackWithRunner("signed-forecast", daily);
    const asked = { forecasts: true };
    const forecast = expectBody(ForecastJob, await forecaster.pull(crypto.randomUUID(), asked));
    const stranger = await stackWithRunner("signed-forecast-other", daily);
    const otherForecast = expectBody(ForecastJob, await stranger.pull(crypto.randomUUID(), asked));
    const reason = { code: "remote_unreachable", message: "upstream does not answer" };
    doors.set("POST /runner/forecasts", {
      path: "/runner/forecasts",
      method: "POST",
      body: { stackId: "signed-forecast", nonce: forecast.nonce, seconds: 1, reason },
      secrets: {
        own: forecast.callbackKey,
        others: { "another forecast's key": otherForecast.callbackKey, "an attempt's key": job.callbackKey },
      },
    });
    const hook = async (id: string): Promise<string> =>
      expectBody(z.object({ secret: z.string() }), await call("POST", `/feed-sources/${id}/webhook-secret`)).secret;
    for (const id of ["hooked", "hooked-other"]) {
      const url = `https://gitlab.com/acme/${id}/-/tags?format=atom`;
      const source = { provider: "gitlab", url, event: "tag", target: { mode: "notify_only" }, enabled: false };
      expect((await call("PUT", `/feed-sources/${id}`, source)).status).toBe(201);
    }
    const rotated = await hook("hooked");
    doors.set("POST /webhooks/forge/{sourceId}", {
      path: "/webhooks/forge/hooked",
      method: "POST",
      headers: { "x-gitlab-event": "Push Hook" },
      body: { object_kind: "push", project: { id: 1 } },
      secrets: {
        own: await hook("hooked"),
        others: { "a rotated secret": rotated, "another source's": await hook("hooked-other"), "a runner's": own },
      },
    });
  });

  const signedRoutes = Object.entries(OPERATIONS)
    .filter(([, { access }]) => access === "runner" || access === "webhook")
    .map(([key]) => key);

  it.each(signedRoutes)("%s opens to its own secret, and to nothing else", async (key) => {
    const door = doors.get(key);
    if (door === undefined) throw new Error(`${key} has no row here`);
    const { own, others } = door.secrets;
    const proofs: [string, Record<string, string>][] = [
      ["nothing", {}],
      ["a made-up secret", await sign(door, `whsec_${btoa("x".repeat(32))}`)],
      ["signed ten minutes ago", await sign(door, own, Date.now() - 10 * MINUTE)],
      ["signed in ten minutes", await sign(door, own, Date.now() + 10 * MINUTE)],
      ["signed for other words", await sign({ ...door, body: "other words" }, own)],
      ["an admin's token", { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` }],
    ];
    for (const [name, secret] of Object.entries(others)) proofs.push([name, await sign(door, secret)]);
    for (const [name, proof] of proofs) expect([name, ...(await knock(door, proof))]).toEqual([name, 401, CONSTANT]);
    const [status] = await knock(door, await sign(door, own));
    expect([status, Number(status) < 300]).toEqual([status, true]);
  });
});
