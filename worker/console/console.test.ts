/**
 * The console: who may come in, what forms are taken, and that what others wrote can be shown and do nothing.
 */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import {
  attemptDetail,
  attemptsOf,
  call,
  changed,
  declareStack,
  expectBody,
  oid,
  postRelease,
  stackWithRunner,
  tellResult,
} from "../../harness/edge/client.ts";
import { formToken, Visitor } from "../../harness/edge/console-visitor.ts";
import { createApp } from "../app.ts";
import { SESSION_SECONDS, SessionSeal } from "../auth/console-session.ts";
import { consoleKey } from "../auth/derived-keys.ts";
import { sha256Hex } from "../auth/digest.ts";
import { TokenCreated } from "../contract/identity.ts";
import { emptyReport } from "../contract/testing/empty-report.ts";
import { OPERATIONS } from "../openapi/operations.ts";
import { openDatabase } from "../store/database.ts";
import { feedSources, flowEvents, outbox } from "../store/schema.ts";

const SESSION = "__Host-patch-moi-session";

async function makeToken(name: string, scopes: string[], expiresAt?: string): Promise<string> {
  return expectBody(TokenCreated, await call("POST", "/tokens", { name, scopes, expiresAt }), 201).secret;
}

const reason = { code: "conflict", message: "patch 2 conflicts in lib/a.c" };

/** An attempt that waits for a person. */
async function waiting(stackId: string): Promise<string> {
  const runner = await stackWithRunner(stackId);
  await postRelease(stackId, "v1.0.0");
  await tellResult(await runner.job(), { outcome: "needs_intervention", reason });
  return `${stackId}.1`;
}

describe("the door", () => {
  it("lets nobody in without a session, and says where the door is", async () => {
    const stranger = new Visitor();
    for (const path of ["/console", "/console/sources", "/console/attempts/a.1", "/console/nowhere"]) {
      const answer = await stranger.get(path);
      expect([answer.status, answer.headers.get("location")]).toEqual([
        303,
        `/console/login?next=${encodeURIComponent(path)}`,
      ]);
    }
    expect((await stranger.post("/console/stacks/a/pause", {})).status).toBe(401);
  });

  it("opens for a token, and gives a cookie that scripts and other sites never see", async () => {
    const visitor = new Visitor();
    const door = await visitor.get("/console/login?next=/console/sources");
    const answer = await visitor.post("/console/login", {
      token: env.PATCH_ADMIN_TOKEN,
      csrf: formToken(door),
      next: "/console/sources",
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/console/sources"]);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith(SESSION)) ?? "";
    for (const part of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", `Max-Age=${SESSION_SECONDS}`])
      expect(cookie).toContain(part);
    expect(cookie).not.toContain(env.PATCH_ADMIN_TOKEN);
    expect((await visitor.get("/console")).status).toBe(200);
    await visitor.act("/console", "/console/logout");
    expect((await visitor.get("/console")).status).toBe(303);
  });

  it("stays shut for a wrong token, a form of another door, and another site's form", async () => {
    const visitor = new Visitor();
    const csrf = formToken(await visitor.get("/console/login"));
    const token = env.PATCH_ADMIN_TOKEN;
    expect((await visitor.post("/console/login", { token: "wrong", csrf })).status).toBe(401);
    expect((await visitor.post("/console/login", { token, csrf: `${csrf}x` })).status).toBe(403);
    expect((await visitor.post("/console/login", { token })).status).toBe(403);
    expect((await visitor.post("/console/login", { token, csrf }, { origin: "https://evil.test" })).status).toBe(403);
    const other = new Visitor();
    expect((await other.post("/console/login", { token, csrf })).status).toBe(403);
    expect(other.cookies.has(SESSION)).toBe(false);
  });

  it("leads nowhere else", async () => {
    for (const next of [
      "https://evil.test/",
      "//evil.test",
      "/console/../healthz?x",
      "/console\\@evil.test",
      "javascript:1",
    ]) {
      const visitor = new Visitor();
      const csrf = formToken(await visitor.get("/console/login"));
      const answer = await visitor.post("/console/login", { token: env.PATCH_ADMIN_TOKEN, csrf, next });
      expect([next, answer.headers.get("location")]).toEqual([next, "/console"]);
    }
  });

  it("is not there over plain http, and says what is missing without a signing key", async () => {
    const app = createApp();
    const ask = async (url: string, more: object) => (await app.fetch(new Request(url), { ...env, ...more })).status;
    expect(await ask("http://patch.test/console/login", {})).toBe(403);
    expect(await ask("http://127.0.0.1:8787/console/login", { PATCH_ALLOW_LOCAL: "false" })).toBe(403);
    expect(await ask("http://127.0.0.1:8787/console/login", { PATCH_ALLOW_LOCAL: "true" })).toBe(200);
    expect(await ask("https://patch.test/console/login", { PATCH_SIGNING_KEY: "" })).toBe(503);
  });
});

describe("a session", () => {
  it("is worth nothing when it was changed, is over, or was signed by another key", async () => {
    const visitor = await Visitor.signedIn();
    const good = visitor.cookies.get(SESSION) ?? "";
    const [body = "", mac = ""] = good.split(".");
    const admin = { ...(JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/"))) as object), token: "other" };
    const hash = await sha256Hex(env.PATCH_ADMIN_TOKEN);
    const ours = new SessionSeal(await consoleKey(env.PATCH_SIGNING_KEY));
    const theirs = new SessionSeal(await consoleKey("another-signing-key-another-signing-key"));
    const bad = [
      "",
      body,
      `${body}.`,
      `${body}.${mac.slice(1)}`,
      `${body}x.${mac}`,
      `${good}.${mac}`,
      `${btoa(JSON.stringify(admin))}.${mac}`,
      await theirs.open("admin", hash, Date.now()),
      await ours.open("admin", hash, Date.now() - SESSION_SECONDS * 1000 - 1000),
      await ours.open("admin", await sha256Hex("a token before this one"), Date.now()),
      await ours.open("nobody", hash, Date.now()),
    ];
    for (const cookie of bad) {
      visitor.cookies.set(SESSION, cookie);
      expect([cookie, (await visitor.get("/console")).status]).toEqual([cookie, 303]);
    }
    visitor.cookies.set(SESSION, good);
    expect((await visitor.get("/console")).status).toBe(200);
  });

  it("ends with its token: deleted, expired, or made anew under the same name", async () => {
    const visitor = await Visitor.signedIn(await makeToken("leaving", ["read"]));
    expect((await visitor.get("/console")).status).toBe(200);
    await call("DELETE", "/tokens/leaving");
    expect((await visitor.get("/console")).status).toBe(303);
    await makeToken("leaving", ["admin"]);
    expect((await visitor.get("/console")).status).toBe(303);
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const lasting = await Visitor.signedIn(await makeToken("lasting", ["read"], soon));
    expect((await lasting.get("/console")).status).toBe(200);
    await env.DB.prepare("UPDATE tokens SET expires_at = '2020-01-01T00:00:00Z' WHERE name = 'lasting'").run();
    expect((await lasting.get("/console")).status).toBe(303);
  });
});

describe("forms", () => {
  it("are refused without the session's token, with another session's, and from another site", async () => {
    await declareStack("guarded");
    const visitor = await Visitor.signedIn();
    const other = formToken(await (await Visitor.signedIn()).get("/console"));
    const csrf = formToken(await visitor.get("/console"));
    const pause = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      visitor.post("/console/stacks/guarded/pause", fields, headers);
    expect((await pause({})).status).toBe(403);
    expect((await pause({ csrf: other })).status).toBe(403);
    expect((await pause({ csrf }, { origin: "https://evil.test" })).status).toBe(403);
    expect((await pause({ csrf }, { origin: "null" })).status).toBe(403);
    expect((await visitor.get("/console/stacks/guarded")).html).not.toContain("Paused");
    expect((await pause({ csrf })).status).toBe(303);
    expect((await visitor.get("/console/stacks/guarded")).html).toContain("Paused");
  });

  it("are not there for a token that may only read, and are refused when sent all the same", async () => {
    const id = await waiting("readable");
    const reader = await Visitor.signedIn(await makeToken("reader", ["read"]));
    for (const path of [
      `/console/attempts/${id}`,
      "/console/stacks/readable",
      "/console/interventions",
      "/console/runners",
    ]) {
      const { html } = await reader.get(path);
      expect([path, [...html.matchAll(/method="post" action="([^"]+)"/g)].map((m) => m[1])]).toEqual([
        path,
        ["/console/logout"],
      ]);
    }
    const csrf = formToken(await reader.get("/console"));
    const refused = [
      `/console/attempts/${id}/resume`,
      `/console/attempts/${id}/dismiss`,
      `/console/attempts/${id}/retry`,
      `/console/attempts/${id}/replay`,
      `/console/attempts/${id}/cancel`,
      `/console/attempts/${id}/land`,
      `/console/attempts/${id}/promote`,
      "/console/stacks/readable/pause",
      "/console/sources/none/poll",
      "/console/interventions/redrive",
      "/console/preview",
      "/console/runners",
      "/console/runners/x/delete",
      "/console/runners/x/rotate",
      "/console/tokens",
      "/console/tokens/x/delete",
    ];
    for (const path of refused)
      expect([path, (await reader.post(path, { csrf, note: "x" })).status]).toEqual([path, 403]);
    expect((await reader.get("/console/tokens")).status).toBe(403);
    expect((await attemptDetail(id)).attempt.status).toBe("needs_intervention");
  });
});

describe("what an operator does", () => {
  it("goes through the stack's object and stands on the timeline under the token's name", async () => {
    const id = await waiting("acted");
    const visitor = await Visitor.signedIn(await makeToken("monday", ["operate"]));
    const page = (await visitor.get(`/console/attempts/${id}`)).html;
    expect(page).toContain("only an attempt that ended changed can be landed");
    expect(page).not.toContain(`action="/console/attempts/${id}/land"`);
    const path = `/console/attempts/${id}`;
    const note = "Took ours <b>on purpose</b>.";
    expect((await visitor.act(path, `${path}/resume`, { note, resolvedRef: "resolved/v1" })).status).toBe(303);
    const { attempt, timeline } = await attemptDetail(id);
    expect(attempt.resume).toEqual({ note, resolvedRef: "resolved/v1" });
    expect(timeline.find((entry) => entry.kind === "note")?.actor).toBe("operator:monday");
    expect((await visitor.get(path)).html).toContain("Took ours &lt;b&gt;on purpose&lt;/b&gt;.");
  });

  it("resolves a conflict, and still sees later where it was", async () => {
    const patch = (outcome: "conflicted" | "adapted") => ({
      oid: oid(7),
      subject: "Our limit",
      author: "a <a@test.org>",
      authoredAt: "2026-01-02T03:04:05.000Z",
      outcome,
    });
    const counts = emptyReport("healed").counts;
    const upstreamCommits = [{ oid: oid(8), subject: "Their limit" }];
    const conflicts = [{ path: "lib/limit.c", kind: "contents", upstreamCommits }];
    const conflicted = emptyReport("healed", {
      patches: [{ ...patch("conflicted"), conflicts }],
      counts: { ...counts, conflicted: 1 },
    });
    const runner = await stackWithRunner("healed");
    await postRelease("healed", "v1.0.0");
    await tellResult(await runner.job(), { outcome: "needs_intervention", reason, report: conflicted });
    const resume = { note: "Took both.", resolvedRef: "resolved/v1" };
    expect((await call("POST", "/maintenance-attempts/healed.1/resume", resume)).status).toBe(200);
    const job = await runner.job();
    const adapted = emptyReport("healed", { patches: [patch("adapted")], counts: { ...counts, adapted: 1 } });
    await tellResult(job, { ...changed(job), report: adapted });
    const detail = await attemptDetail("healed.1");
    expect(detail.report).toEqual(adapted);
    expect(detail.earlierReports).toEqual([{ epoch: 1, at: expect.any(String) as string, report: conflicted }]);
    const visitor = await Visitor.signedIn();
    const attempt = (await visitor.get("/console/attempts/healed.1")).html;
    expect(attempt).toContain("Hand-over 1: 1 conflicted onto");
    expect(attempt).toContain("lib/limit.c");
    expect((await visitor.get("/console/stacks/healed")).html).toContain("1 of 2");
  });

  it("acts once, however often a page's button is pressed", async () => {
    const id = await waiting("pressed");
    const visitor = await Visitor.signedIn();
    const path = `/console/attempts/${id}`;
    const csrf = formToken(await visitor.get(path));
    const fields = { csrf, once: crypto.randomUUID() };
    const answers = [];
    for (let press = 0; press < 3; press++) answers.push(await visitor.post(`${path}/replay`, fields));
    expect(answers.map((answer) => answer.headers.get("location"))).toEqual(
      Array(3).fill("/console/attempts/pressed.2"),
    );
    expect(await attemptsOf("pressed")).toHaveLength(2);
  });

  it("is refused with the machine's own words when it comes too late", async () => {
    const id = await waiting("late");
    const visitor = await Visitor.signedIn();
    const csrf = formToken(await visitor.get(`/console/attempts/${id}`));
    await call("POST", `/maintenance-attempts/${id}/dismiss`, { note: "someone else was faster" });
    const answer = await visitor.post(`/console/attempts/${id}/resume`, { csrf, note: "mine" });
    expect([answer.status, answer.html.includes("it has ended: use retry or replay on its event")]).toEqual([
      409,
      true,
    ]);
  });

  it("lands a candidate, and then says that it has landed", async () => {
    const runner = await stackWithRunner("landing");
    await postRelease("landing", "v1.0.0");
    const job = await runner.job();
    await tellResult(job, changed(job));
    const visitor = await Visitor.signedIn();
    const path = "/console/attempts/landing.1";
    const answer = await visitor.act(path, `${path}/land`);
    expect(answer.headers.get("location")).toBe("/console/attempts/landing.2");
    expect((await visitor.get(path)).html).toContain("landing.2 is landing it already");
  });

  it("promotes a candidate to a channel, and says why not to the one that stands on it", async () => {
    const runner = await stackWithRunner("channelled");
    const { stack } = (await call("GET", "/stacks/channelled")).body as { stack: Record<string, unknown> };
    const { upstream, fork, branch, policy } = stack;
    const channels = { trial: { follows: "manual" } };
    await call("PUT", "/stacks/channelled", { upstream, fork, branch, policy, channels });
    await postRelease("channelled", "v1.0.0");
    const job = await runner.job();
    await tellResult(job, changed(job));
    const visitor = await Visitor.signedIn();
    const path = "/console/attempts/channelled.1";
    const answer = await visitor.act(path, `${path}/promote`);
    expect(answer.headers.get("location")).toBe("/console/attempts/channelled.2");
    expect((await visitor.get(path)).html).toContain("channelled.2 is promoting it already");
    expect((await visitor.get("/console/stacks/channelled")).html).toContain("patch-moi/channelled/channel/trial");
  });

  it("makes tokens and runners whose secret is in that one answer", async () => {
    const visitor = await Visitor.signedIn();
    const made = await visitor.act("/console/tokens", "/console/tokens", { name: "made-here", "scope-operate": "yes" });
    const secret = /pmt_[0-9a-f]{64}/.exec(made.html)?.[0] ?? "";
    expect([made.status, made.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const headers = { authorization: `Bearer ${secret}` };
    expect((await call("GET", "/stacks", undefined, headers)).status).toBe(200);
    expect((await visitor.get("/console/tokens")).html).not.toContain(secret);
    await visitor.act("/console/tokens", "/console/tokens/made-here/delete");
    expect((await call("GET", "/stacks", undefined, headers)).status).toBe(401);
    const registered = await visitor.act("/console/runners", "/console/runners", {
      name: "by-console",
      labels: "arm, big",
    });
    expect(registered.html).toMatch(/whsec_[A-Za-z0-9+/=]{20,}/);
    expect((await visitor.get("/console/runners")).html).toContain("arm, big");
  });
});

/** What a hostile upstream could write anywhere. */
const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)>\${{}}`;
const HOSTILE_URL = "javascript:alert(document.domain)";

describe("what upstream wrote", () => {
  it("is shown and does nothing, on every page, with the policy on each", async () => {
    const runner = await stackWithRunner("hostile");
    const entry = { entryId: "h", tag: "v6.6.6", title: HOSTILE, url: HOSTILE_URL, author: HOSTILE };
    const payload = { entry, repo: { fullName: HOSTILE } };
    const eventId = "patch:by-hand:hostile";
    await call("POST", "/flow-events", { id: eventId, type: "upstream.release", payload, stackIds: ["hostile"] });
    const patch = {
      oid: oid(9),
      subject: HOSTILE,
      author: HOSTILE,
      authoredAt: HOSTILE,
      outcome: "conflicted" as const,
      note: HOSTILE,
      conflicts: [{ path: HOSTILE, kind: HOSTILE, upstreamCommits: [{ oid: oid(8), subject: HOSTILE }] }],
    };
    const verify = [{ command: HOSTILE, exitCode: 1, seconds: 1, outputTail: HOSTILE }];
    const report = { ...emptyReport("hostile"), patches: [patch], rangeDiff: HOSTILE, verify, warnings: [HOSTILE] };
    const reason = { code: "conflict", message: HOSTILE };
    await tellResult(await runner.job(), { outcome: "needs_intervention", reason, report });
    const db = openDatabase(env.DB);
    const config = { provider: "feed", url: "https://feeds.test.org/h.xml", event: "release" };
    await call("PUT", "/feed-sources/hostile-source", config);
    const lastError = { code: "http_status", message: HOSTILE, at: "2020-01-02T12:00:00.000Z" };
    const failing = {
      consecutiveFailures: 9,
      lastSuccessAt: "2020-01-02T12:00:00.000Z",
      lastError,
      movedTo: HOSTILE_URL,
    };
    await db.update(feedSources).set(failing).where(eq(feedSources.id, "hostile-source"));
    await db.insert(outbox).values({
      id: `hostile.1:${HOSTILE}`,
      stackId: "hostile",
      attemptId: "hostile.1",
      kind: "notify.discord",
      payload: {},
      status: "dead",
      nextAt: "2020-01-01T00:00:00.000Z",
      lastError: HOSTILE,
      createdAt: "2020-01-01T00:00:00.000Z",
    });
    await db.update(flowEvents).set({ payload }).where(eq(flowEvents.id, eventId));
    const visitor = await Visitor.signedIn();
    const pages = [
      "/console",
      "/console/stacks/hostile",
      "/console/stacks/hostile?version=v6.6.6",
      `/console/stacks/hostile?version=${encodeURIComponent(HOSTILE)}`,
      `/console?find=${encodeURIComponent(HOSTILE)}`,
      "/console/attempts/hostile.1",
      `/console/events/${encodeURIComponent(eventId)}`,
      "/console/sources",
      "/console/sources/hostile-source",
      "/console/interventions",
      "/console/dead-letters",
      "/console/runners",
      "/console/tokens",
      `/console/preview?url=${encodeURIComponent(HOSTILE)}`,
      `/console/stacks/${encodeURIComponent(HOSTILE)}`,
      `/console/login?next=${encodeURIComponent(HOSTILE)}`,
    ];
    let shown = 0;
    for (const path of pages) {
      const { html, headers, status } = await visitor.get(path);
      expect([path, status]).toEqual([path, path.startsWith("/console/stacks/%") ? 404 : 200]);
      if (html.includes("&lt;script&gt;alert(1)&lt;/script&gt;")) shown++;
      expect([path, /<script>|<img|onerror=alert\(2\)>|href="javascript:/i.exec(html)?.[0]]).toEqual([path, undefined]);
      expect([path, /\s(?:style|on[a-z]+)=/.exec(html.replaceAll(/onerror=alert\(2\)/g, ""))?.[0]]).toEqual([
        path,
        undefined,
      ]);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
        expect([path, policy.includes(part)]).toEqual([path, true]);
      expect([headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual(["nosniff", "no-store"]);
    }
    expect(shown).toBeGreaterThan(9);
    const text = await visitor.get("/console/attempts/hostile.1/range-diff");
    expect(text.headers.get("content-type")).toContain("text/plain");
    const preview = await visitor.act("/console/preview", "/console/preview", {
      url: "",
      body: `<rss>${HOSTILE}</rss>`,
    });
    expect([preview.status, preview.html.includes("<img")]).toEqual([200, false]);
  });
});

it("shows the API document as pages: every operation and every shape, without a script", async () => {
  const visitor = await Visitor.signedIn(await makeToken("reading-the-api", ["read"]));
  const document = createApp().getOpenAPI31Document({ openapi: "3.1.0", info: { title: "", version: "" } });
  const operations = Object.entries(OPERATIONS);
  const { html: index } = await visitor.get("/console/api");
  const missing = operations.filter(([, { id }]) => !index.includes(`href="/console/api/${id}"`));
  expect(missing).toEqual([]);
  for (const [route, { id, summary }] of operations) {
    const { status, html } = await visitor.get(`/console/api/${id}`);
    expect([id, status, html.includes(route), html.includes(escaped(summary))]).toEqual([id, 200, true, true]);
  }
  for (const name of Object.keys(document.components?.schemas ?? {}))
    expect([name, (await visitor.get(`/console/api/schemas/${name}`)).status]).toEqual([name, 200]);
  const { html: resume } = await visitor.get("/console/api/resumeAttempt");
  expect(resume).toContain("<code>resolvedRef</code>");
  expect((await visitor.get("/console/api/nothing")).status).toBe(404);
  expect((await visitor.get("/console/api/schemas/constructor")).status).toBe(404);
});

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
