/**
 * Every secret there is, and every way out: what the API and the console answer, what is exported and counted, what
 * a refusal repeats and what is logged hold none of them.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  call,
  changed,
  expectBody,
  postRelease,
  releaseEventId,
  signed,
  stackWithRunner,
  tell,
  tellResult,
} from "../../harness/edge/client.ts";
import { Visitor } from "../../harness/edge/console-visitor.ts";
import { createApp } from "../app.ts";
import { RunnerCreated, TokenCreated } from "../contract/identity.ts";
import { ForecastJob } from "../contract/runner-wire.ts";
import { OPERATIONS } from "../openapi/operations.ts";

const STACK = "canary";
const SETTINGS = {
  DISCORD_WEBHOOK_URL: "https://discord.com/api/webhooks/1/canary-discord",
  SLACK_WEBHOOK_URL: "https://hooks.slack.com/services/T/B/canary-slack",
  NOTIFY_WEBHOOK_URL: "https://hooks.test.org/canary-hook",
  NOTIFY_WEBHOOK_SECRET: `whsec_${btoa("canary-of-a-notify-webhook")}`,
  EMAIL_API_KEY: "canary-email-key",
  PATCH_WORKSPACE_SECRET: "canary-workspace-secret",
};
const PLAIN_SETTINGS = {
  PATCH_WORKSPACE_URL: "https://workspace.test.org",
  EMAIL_API_URL: "https://mail.test.org/send",
  EMAIL_FROM: "patch-moi@test.org",
  EMAIL_TO: "office@test.org",
};
const secrets = new Map<string, string>(
  Object.entries({ ...SETTINGS, admin: env.PATCH_ADMIN_TOKEN, "signing key": env.PATCH_SIGNING_KEY }),
);

const app = createApp();
const printed: string[] = [];
const names: Record<string, string> = {};

/** Asks the Worker as a deployment with all these secrets would be asked. */
async function answer(method: string, path: string, headers: Record<string, string>, body?: string) {
  const request = new Request(`https://patch.test${path}`, { method, headers, redirect: "manual", body: body ?? null });
  const response = await app.fetch(request, { ...env, ...PLAIN_SETTINGS, ...SETTINGS });
  const text = [...response.headers].join("\n") + (await response.text());
  return { status: response.status, text };
}

function expectNone(place: string, text: string): void {
  for (const [name, secret] of secrets)
    expect([place, name, text.includes(secret) || text.includes(btoa(secret))]).toEqual([place, name, false]);
}

beforeAll(async () => {
  for (const level of ["log", "warn", "error", "info", "debug"] as const)
    vi.spyOn(console, level).mockImplementation((...words: unknown[]) => {
      printed.push(words.map((word) => (typeof word === "string" ? word : JSON.stringify(word))).join(" "));
    });
  for (const [name, kind] of [
    ["github", "github-token"],
    ["gitlab", "gitlab-token"],
  ] as const) {
    const value = `canary-${kind}-value`;
    secrets.set(kind, value);
    expect((await call("POST", "/credentials", { name, kind, host: `${name}.com`, value })).status).toBe(201);
  }
  const token = expectBody(TokenCreated, await call("POST", "/tokens", { name: "canary", scopes: ["read"] }), 201);
  secrets.set("token", token.secret);
  const spare = expectBody(RunnerCreated, await call("POST", "/runners", { name: "canary-spare" }), 201);
  secrets.set("runner", spare.secret);
  const rotated = expectBody(RunnerCreated, await call("POST", "/runners/canary-spare/rotate"));
  secrets.set("runner's new one", rotated.secret);
  const runner = await stackWithRunner(STACK, { forecast: { everySeconds: 86_400 } });
  const source = { provider: "git", url: "https://git.test.org/up", event: "tag", enabled: false };
  await call("PUT", `/feed-sources/${STACK}`, { ...source, target: { mode: "maintain", stacks: [STACK] } });
  const hook = await call("POST", `/feed-sources/${STACK}/webhook-secret`);
  secrets.set("webhook", expectBody(z.object({ secret: z.string() }), hook).secret);
  const forecast = expectBody(ForecastJob, await runner.pull(crypto.randomUUID(), { forecasts: true }));
  secrets.set("forecast's key", forecast.callbackKey);
  await postRelease(STACK, "v1.0.0");
  const job = await runner.job();
  secrets.set("attempt's key", job.callbackKey);
  await tell(job, { type: "attempt.heartbeat" });
  expect((await tellResult(job, changed(job))).status).toBe(200);
  await postRelease(STACK, "v2.0.0");
  const visitor = await Visitor.signedIn(token.secret);
  for (const [name, cookie] of visitor.cookies) secrets.set(name, cookie);
  const dispatches = z.object({ dispatches: z.array(z.object({ id: z.string() })) });
  const [dispatch] = expectBody(dispatches, await call("GET", "/flow-dispatches")).dispatches;
  Object.assign(names, {
    "flow-events": releaseEventId(STACK, "v1.0.0"),
    "workspace-events": releaseEventId(STACK, "v1.0.0"),
    events: releaseEventId(STACK, "v1.0.0"),
    "workspace-runs": dispatch?.id ?? "none",
    "maintenance-attempts": `${STACK}.1`,
    attempts: `${STACK}.1`,
  });
}, 60_000);
afterAll(() => {
  vi.restoreAllMocks();
});

const QUERIES: Readonly<Record<string, string>> = {
  "GET /healthz": "?deep=1",
  "GET /stacks/{id}/why": "?version=1.0.0",
  "GET /records/stacks/{id}": "?afterSeq=0",
};

/** The path with what is there in place of its parameter. */
function filled(path: string): string {
  return path.replaceAll(/\/([\w-]+)\/(?:\{\w+\}|:\w+)/g, (_, kind: string) => {
    return `/${kind}/${encodeURIComponent(names[kind] ?? STACK)}`;
  });
}

it("none is in what the API answers", async () => {
  const statuses: [string, number][] = [];
  for (const key of Object.keys(OPERATIONS).filter((one) => one.startsWith("GET "))) {
    const path = filled(key.slice(4)) + (QUERIES[key] ?? "");
    const authorization = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` };
    const { status, text } = await answer("GET", path, authorization);
    statuses.push([key, status]);
    expectNone(key, text);
  }
  // The workspace is not there, and no check was made.
  const failed = statuses.flatMap(([key, status]) => (status === 200 ? [] : `${status} ${key}`));
  expect(failed.filter((one) => !/^502 GET .workspace-|^404 .*checks/.test(one))).toEqual([]);
});

it("none is on the console's pages", async () => {
  const visitor = await Visitor.signedIn();
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const pages = app.routes
    .filter(({ method, path }) => method === "GET" && path.startsWith("/console") && !path.endsWith("/events"))
    .map(({ path }) => filled(path));
  const statuses: number[] = [];
  for (const path of pages) {
    const { status, text } = await answer("GET", path, { cookie, "cf-connecting-ip": visitor.address });
    statuses.push(status);
    expectNone(path, text);
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(15);
});

it("none comes back in a refusal", async () => {
  const [wrong = ""] = [secrets.get("token")];
  const json = { "content-type": "application/json" };
  const admin = { ...json, authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` };
  const asked: [string, string, Record<string, string>, string?][] = [
    ["GET", "/tokens", { authorization: `Bearer ${wrong}` }],
    ["GET", "/stacks", { authorization: `Basic ${wrong}` }],
    ["POST", "/credentials", admin, `{"value": "${wrong}"`],
    ["POST", "/credentials", admin, JSON.stringify({ name: "x", kind: "github-token", host: "?", value: wrong })],
    ["POST", "/credentials", admin, JSON.stringify({ name: "x", kind: wrong })],
    ["POST", "/runner/claim", { ...json, authorization: `Bearer ${wrong}` }, "{}"],
    ["POST", "/webhooks/runner", { ...json, "webhook-signature": wrong }, JSON.stringify({ key: wrong })],
    ["POST", `/webhooks/forge/${STACK}`, { ...json, "x-gitlab-token": wrong, "x-gitlab-event": "Push Hook" }, "{}"],
    ["POST", "/console/login", { "content-type": "application/x-www-form-urlencoded" }, `token=${wrong}`],
  ];
  for (const [method, path, headers, body] of asked) {
    const { status, text } = await answer(method, path, headers, body);
    expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    expectNone(`${method} ${path}`, text);
  }
  const unread = await signed("/runner/claim", secrets.get("runner's new one") ?? "", "no JSON");
  expect(unread.status).toBe(401);
  expectNone("a claim that is no JSON", JSON.stringify([unread.body, [...unread.headers]]));
});

it("none is in the log", () => {
  expect(printed.some((line) => line.includes("attempt.transition"))).toBe(true);
  expect(printed.some((line) => line.includes("request.refused"))).toBe(true);
  expectNone("the log", printed.join("\n"));
});
