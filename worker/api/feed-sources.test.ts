import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { StackConfig } from "../contract/stack.ts";
import githubReleases from "../intake/fixtures/github-releases.atom?raw";

type Answer = { status: number; body: Record<string, unknown> };

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await exports.default.fetch(`https://patch.example.net${path}`, {
    method,
    headers: { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

const message = (answer: Answer): string => (answer.body.error as { message: string }).message;

const config = { provider: "github", url: "https://github.com/acme/rocket/releases.atom", event: "release" };

beforeAll(async () => {
  const stack = StackConfig.parse({
    upstream: { url: "https://github.com/acme/rocket" },
    fork: { url: "https://github.com/us/rocket" },
    branch: "ours",
    policy: { releases: { include: ["rust-v*"] } },
  });
  await env.PATCH_STACK.getByName("rocket").configure("rocket", stack, "test");
});

describe("/feed-sources", () => {
  it("declares, shows, changes and deletes a source", async () => {
    const declared = await ask("PUT", "/feed-sources/rocket", config);
    expect(declared).toMatchObject({
      status: 201,
      body: { source: { id: "rocket", pollIntervalSeconds: 300, health: { primed: false, consecutiveFailures: 0 } } },
    });
    expect(await ask("PUT", "/feed-sources/rocket", config)).toEqual({ ...declared, status: 200 });
    // As it stands in a file.
    expect(await ask("PUT", "/feed-sources/rocket", { id: "rocket", ...config })).toEqual({ ...declared, status: 200 });
    expect(message(await ask("PUT", "/feed-sources/rocket", { id: "racket", ...config }))).toBe(
      "id: is 'racket', and the path says 'rocket'",
    );
    const changed = await ask("PUT", "/feed-sources/rocket", {
      ...config,
      enabled: false,
      target: { mode: "maintain", stacks: ["rocket"] },
    });
    expect(changed.status).toBe(200);
    expect((await ask("GET", "/feed-sources/rocket")).body).toEqual(changed.body);
    expect(changed.body.source).not.toHaveProperty("health.nextPollAt");
    expect((await ask("DELETE", "/feed-sources/rocket")).status).toBe(204);
    expect((await ask("GET", "/feed-sources/rocket")).status).toBe(404);
    expect((await ask("DELETE", "/feed-sources/rocket")).status).toBe(404);
  });

  it("lists newest first, page by page", async () => {
    for (const id of ["page-1", "page-2", "page-3"]) await ask("PUT", `/feed-sources/${id}`, config);
    const first = await ask("GET", "/feed-sources?limit=2");
    expect((first.body.sources as { id: string }[]).map(({ id }) => id)).toEqual(["page-3", "page-2"]);
    const second = await ask("GET", `/feed-sources?limit=2&cursor=${String(first.body.nextCursor)}`);
    expect((second.body.sources as { id: string }[]).map(({ id }) => id)).toEqual(["page-1"]);
    expect(second.body.nextCursor).toBeUndefined();
  });

  it.each([
    [{ ...config, pollIntervall: 5 }, "unknown field 'pollIntervall', did you mean 'pollIntervalSeconds'?"],
    [{ ...config, target: { mode: "maintain", stacks: ["nope", "rocket"] } }, "there is no stack 'nope'"],
    [{ ...config, url: "https://10.0.0.1/feed" }, "IP address"],
    [{ ...config, url: "https://metadata.google.internal/" }, "not public"],
    [{ ...config, url: "https://patch.example.net/feed" }, "this deployment itself"],
    [{ ...config, provider: "sourcehut" }, "provider: must be one of cgit, codeberg,"],
    [{ ...config, event: "releases" }, "event: must be one of release, tag, push, advisory; did you mean 'release'?"],
    [{ ...config, target: { mode: "sync" } }, "target.mode: must be one of notify_only, maintain, fork_sync,"],
    [{ ...config, target: "notify_only" }, "target: must be an object, not text"],
    [
      { ...config, repo: ["acme"], enabled: "yes" },
      "repo: must be an object, not a list; enabled: must be true or false",
    ],
    [{ ...config, tag: "" }, "tag: must hold <version> once"],
    [{ ...config, pollIntervalSeconds: 86_401 }, "pollIntervalSeconds: must be at most 86400"],
    [{ ...config, target: { mode: "maintain", stacks: [] } }, "target.stacks: may not be empty"],
    [{ ...config, pollIntervalSeconds: 0 }, "pollIntervalSeconds"],
    [{}, "url"],
  ])("refuses %j", async (body, words) => {
    const answer = await ask("PUT", "/feed-sources/refused", body);
    expect(answer.status).toBe(400);
    expect(message(answer)).toContain(words);
    expect((await ask("GET", "/feed-sources/refused")).status).toBe(404);
  });

  it("refuses odd ids", async () => {
    for (const id of ["A", "a b", "..", "-x", "x.lock", "é"])
      expect((await ask("PUT", `/feed-sources/${encodeURIComponent(id)}`, config)).status).toBeGreaterThanOrEqual(400);
  });

  it("polls on demand and shows what went wrong", async () => {
    // Nothing listens on the discard port.
    await ask("PUT", "/feed-sources/unreachable", { ...config, url: "http://127.0.0.1:9/feed" });
    const polled = await ask("POST", "/feed-sources/unreachable/poll");
    expect(polled).toMatchObject({
      status: 202,
      body: { source: { health: { lastOutcome: "failed", consecutiveFailures: 1, lastError: { code: "network" } } } },
    });
    expect((await ask("POST", "/feed-sources/nobody/poll")).status).toBe(404);
  });
});

describe("/feed-signals", () => {
  it("lists nothing for a source that saw nothing", async () => {
    expect(await ask("GET", "/feed-signals?sourceId=page-1")).toEqual({ status: 200, body: { signals: [] } });
    expect((await ask("GET", "/feed-signals?cursor=x")).status).toBe(400);
  });
});

describe("/feed-sources/preview", () => {
  it("shows entries, decisions and events, and stores nothing", async () => {
    const answer = await ask("POST", "/feed-sources/preview", {
      body: githubReleases,
      url: "https://github.com/acme/rocket/releases.atom",
      target: { mode: "maintain", stacks: ["rocket"] },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.format).toBe("atom");
    expect((answer.body.entries as { tag: string }[]).map(({ tag }) => tag)).toEqual([
      "rust-v1.10.0",
      "release/2026-autumn+hotfix",
      "v0.9",
    ]);
    const signals = answer.body.signals as { tag: string; disposition: string; decisions: { code: string }[] }[];
    expect(signals.map((signal) => [signal.tag, signal.disposition, signal.decisions[0]?.code])).toEqual([
      ["v0.9", "filtered", "not_included"],
      ["rust-v1.10.0", "event", "passed"],
      ["release/2026-autumn+hotfix", "filtered", "not_included"],
    ]);
    expect(answer.body.events).toMatchObject([
      { id: "patch:preview:tag:github.com,2008:Repository/4711/rust-v1.10.0:upstream.release", stackIds: ["rocket"] },
    ]);
    expect((await ask("GET", "/feed-signals?sourceId=preview")).body).toEqual({ signals: [] });
    expect((await ask("GET", "/flow-events")).body).toEqual({ events: [] });
  });

  it("judges by the policy of a stack that it is asked about", async () => {
    const body = { body: githubReleases, url: "https://github.com/acme/rocket/releases.atom" };
    const answer = await ask("POST", "/feed-sources/preview", { ...body, stack: "rocket" });
    expect(answer.body.events).toMatchObject([{ payload: { entry: { tag: "rust-v1.10.0" } }, stackIds: ["rocket"] }]);
    const unknown = await ask("POST", "/feed-sources/preview", { ...body, stack: "nope" });
    expect([unknown.status, message(unknown)]).toEqual([404, "there is no stack 'nope'"]);
  });

  it("says what the server sent instead of a feed", async () => {
    const answer = await ask("POST", "/feed-sources/preview", { body: "<html><title>Log in</title></html>" });
    expect(answer.status).toBe(422);
    expect(message(answer)).toBe('the server sent an HTML page titled "Log in" instead of a feed');
  });

  it.each([
    [{}, 400],
    [{ url: "https://localhost/feed", body: "" }, 422],
    [{ url: "https://192.168.0.1/feed" }, 422],
    [{ body: "<rss/>", target: { mode: "maintain", stacks: ["nope"] } }, 400],
  ])("refuses %j", async (body, status) => {
    expect((await ask("POST", "/feed-sources/preview", body)).status).toBe(status);
  });
});
