/**
 * Who may come in, and how refusals look.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call, declareStack, expectBody } from "../harness/edge/client.ts";
import { createApp } from "./app.ts";
import { ErrorBody } from "./contract/error.ts";
import { TokenCreated } from "./contract/identity.ts";

const app = createApp();

async function ask(path: string, init: RequestInit = {}, more: object = {}): Promise<{ status: number; code: string }> {
  const response = await app.fetch(new Request(`https://patch.test${path}`, init), { ...env, ...more });
  const body = ErrorBody.safeParse(await response.json());
  return { status: response.status, code: body.success ? body.data.error.code : "none" };
}

describe("without a token configured", () => {
  it("refuses everything but /healthz", async () => {
    const nothing = { PATCH_ADMIN_TOKEN: "" };
    expect(await ask("/healthz", {}, nothing)).toEqual({ status: 200, code: "none" });
    for (const path of ["/stacks", "/openapi.json", "/nowhere", "/flow-events", "/interventions"])
      expect(await ask(path, { headers: { authorization: "Bearer x" } }, nothing)).toEqual({
        status: 503,
        code: "not_configured",
      });
  });
});

describe("tokens", () => {
  it("are taken in both headers, compared whole, and refused otherwise", async () => {
    const token = env.PATCH_ADMIN_TOKEN;
    const headers: Record<string, string>[] = [{ authorization: `Bearer ${token}` }, { "x-patch-admin-token": token }];
    for (const h of headers) expect((await ask("/stacks", { headers: h })).status).toBe(200);
    const wrong = [
      "",
      "Bearer",
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Basic ${token}`,
      `bearer  ${token}`,
    ];
    for (const authorization of wrong) expect((await ask("/stacks", { headers: { authorization } })).status).toBe(401);
    expect(await ask("/healthz?deep=1")).toEqual({ status: 401, code: "unauthorized" });
  });

  it("made through the API may what their scopes say, until they expire or are deleted", async () => {
    const make = async (name: string, scopes: string[], expiresAt?: string) =>
      expectBody(TokenCreated, await call("POST", "/tokens", { name, scopes, expiresAt }), 201).secret;
    const reader = { authorization: `Bearer ${await make("reader", ["read"])}` };
    const operator = { authorization: `Bearer ${await make("operator", ["operate"])}` };
    const expired = { authorization: `Bearer ${await make("expired", ["admin"], "2020-01-01T00:00:00Z")}` };
    await declareStack("scoped");
    const status = async (method: string, path: string, headers: Record<string, string>) =>
      (await call(method, path, undefined, headers)).status;
    expect(await status("GET", "/stacks", reader)).toBe(200);
    expect(await status("POST", "/stacks/scoped/pause", reader)).toBe(403);
    expect(await status("GET", "/stacks", operator)).toBe(200);
    expect(await status("POST", "/stacks/scoped/pause", operator)).toBe(200);
    expect(await status("DELETE", "/stacks/scoped", operator)).toBe(403);
    expect(await status("GET", "/tokens", operator)).toBe(403);
    expect(await status("GET", "/stacks", expired)).toBe(401);
    expect(await status("DELETE", "/tokens/reader", {})).toBe(204);
    expect(await status("GET", "/stacks", reader)).toBe(401);
    expect((await call("POST", "/tokens", { name: "operator", scopes: ["read"] })).status).toBe(409);
    const listed = JSON.stringify((await call("GET", "/tokens")).body);
    expect(listed).not.toContain("pmt_");
  });

  it("answer a repeated creation without the secret", async () => {
    const headers = { "idempotency-key": "make-runner-once" };
    const first = await call("POST", "/runners", { name: "only-once" }, headers);
    expect(JSON.stringify(first.body)).toContain("whsec_");
    const again = await call("POST", "/runners", { name: "only-once" }, headers);
    expect([again.status, JSON.stringify(again.body).includes("whsec_")]).toEqual([201, false]);
  });
});

describe("bad input", () => {
  const config = {
    upstream: { url: "https://git.test.org/up" },
    fork: { url: "https://git.test.org/fork" },
    branch: "patched",
  };

  it("is refused with what is wrong and what was probably meant", async () => {
    const cases: [string, string, unknown, number, RegExp][] = [
      ["PUT", "/stacks/a", "{", 400, /JSON/],
      ["PUT", "/stacks/a", { ...config, brnch: "x" }, 400, /did you mean 'branch'/],
      [
        "PUT",
        "/stacks/a",
        { ...config, policy: { verfy: [] } },
        400,
        /policy: unknown field 'verfy', did you mean 'verify'/,
      ],
      ["PUT", "/stacks/a", { upstream: config.upstream, fork: config.fork }, 400, /branch: is missing/],
      ["PUT", "/stacks/a", { ...config, branch: "--upload-pack=x" }, 400, /branch: is not a name that git accepts/],
      ["PUT", "/stacks/a", { ...config, branch: "a..b" }, 400, /branch/],
      [
        "PUT",
        "/stacks/a",
        { ...config, upstream: { url: "https://user:pw@git.test.org/x" } },
        400,
        /without credentials/,
      ],
      ["PUT", "/stacks/a", { ...config, upstream: { url: "ext::sh -c x" } }, 400, /upstream.url/],
      ["PUT", "/stacks/a", { ...config, policy: { candidateRef: "x y" } }, 400, /placeholders/],
      ["PUT", "/stacks/%2e%2e%2fa", config, 400, /id: use 1 to 64/],
      ["PUT", "/stacks/A", config, 400, /id: use/],
      ["PUT", "/stacks/a%00", config, 400, /id: use/],
      ["GET", "/stacks?limit=0", undefined, 400, /limit/],
      ["GET", "/stacks?limit=501", undefined, 400, /limit: must be a whole number from 1 to 500/],
      ["GET", "/stacks?limit=1e1", undefined, 400, /limit/],
      ["GET", "/stacks?cursor=p0", undefined, 400, /cursor/],
      ["GET", "/maintenance-attempts?status=nonsense", undefined, 400, /status/],
      ["GET", "/maintenance-attempts/no.1", undefined, 404, /no attempt/],
      ["POST", "/maintenance-attempts/no.1/cancel", undefined, 404, /no attempt/],
      ["GET", "/stacks/unknown", undefined, 404, /no stack/],
      ["POST", "/stacks/unknown/pause", undefined, 404, /no stack/],
      ["DELETE", "/runners/unknown", undefined, 404, /no runner/],
      ["GET", "/no-such-route", undefined, 404, /there is no GET/],
      ["PATCH", "/stacks/a", undefined, 405, /takes GET, PUT, DELETE, not PATCH/],
      ["GET", "/webhooks/runner", undefined, 405, /takes POST, not GET/],
      ["PUT", "/stacks/a", { ...config, branch: "x".repeat(1024 * 1024) }, 413, /bytes at most/],
    ];
    for (const [method, path, body, status, message] of cases) {
      const answer = await call(method, path, body);
      const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`;
      expect(answer.status, what).toBe(status);
      expect(ErrorBody.parse(answer.body).error.message, what).toMatch(message);
    }
    expect((await call("GET", "/stacks/a")).status).toBe(404);
  });

  it("without a content type is 415, not an empty object", async () => {
    const headers = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}` };
    const body = JSON.stringify(config);
    expect(
      await ask("/stacks/a", { method: "PUT", headers: { ...headers, "content-type": "text/plain" }, body }),
    ).toEqual({
      status: 415,
      code: "unsupported_media_type",
    });
  });
});

describe("lists", () => {
  it("page through everything once, newest first", async () => {
    for (const id of ["page-1", "page-2", "page-3"]) await declareStack(id);
    const Page = z.object({ stacks: z.array(z.object({ id: z.string() })), nextCursor: z.string().optional() });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const path = `/stacks?limit=2${cursor === undefined ? "" : `&cursor=${cursor}`}`;
      const page = expectBody(Page, await call("GET", path));
      seen.push(...page.stacks.map((s) => s.id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen.slice(0, 3)).toEqual(["page-3", "page-2", "page-1"]);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

it("an Idempotency-Key counts on every POST of the admin API", async () => {
  const { body } = await call("GET", "/openapi.json");
  const { paths } = z
    .object({
      paths: z.record(z.string(), z.record(z.string(), z.looseObject({ security: z.array(z.unknown()).optional() }))),
    })
    .parse(body);
  const posts = Object.keys(paths).filter((path) => paths[path]?.post !== undefined);
  // What runners and forges send is told apart by its own ids, and people at the console sign in.
  const admin = posts.filter((path) => !/^\/(?:runner|webhooks|console)\//.test(path));
  expect(admin.length).toBeGreaterThan(20);
  for (const path of admin) {
    const at = path.replaceAll(/\{[^}]+\}/g, "nothing");
    const answer = await call("POST", at, {}, { "idempotency-key": "x".repeat(129) });
    expect([path, answer.status, JSON.stringify(answer.body)]).toEqual([
      path,
      400,
      expect.stringContaining("Idempotency-Key: use 1 to 128"),
    ]);
  }
});
