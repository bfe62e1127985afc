/**
 * The document is complete, its examples are what the schemas say, and what it says of who may is true.
 */
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, expectBody } from "../../harness/edge/client.ts";
import { createApp } from "../app.ts";
import type { Access, ApiDocument } from "../contract/api-document.ts";
import { TokenCreated, type TokenScope } from "../contract/identity.ts";
import { apiDocument } from "./document.ts";
import { OPERATIONS } from "./operations.ts";

const ORIGIN = "https://patch.test.org";
const app = createApp();
const document: ApiDocument = apiDocument(app, ORIGIN);

const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, operation })),
);

describe("every operation", () => {
  it("is documented, and nothing else is", () => {
    expect(documented.map(({ key }) => key).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it("covers every route that there is", () => {
    // The console's pages are for people, and what answers 501 is not there yet.
    const outside = /^ALL |^\w+ \/(?:console|docs)|\/workspace-(?:events|runs)|\/promote|\/channels/;
    const routes = app.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    const missing = routes.filter((route) => !outside.test(route) && OPERATIONS[route] === undefined);
    expect([...new Set(missing)]).toEqual([]);
  });

  it.each(documented)("$key has a schema and an example for everything it takes and answers", ({ operation }) => {
    const contents = [operation.requestBody, ...Object.values(operation.responses)].flatMap((one) =>
      Object.values(one?.content ?? {}),
    );
    expect(contents.length).toBeGreaterThan(0);
    for (const content of contents) {
      expect(content.schema).toBeTypeOf("object");
      expect(content.example).toBeDefined();
    }
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(operation.responses).toHaveProperty(
      Object.keys(operation.responses).find((s) => s.startsWith("2")) ?? "none",
    );
  });
});

describe("who may", () => {
  const LADDER = ["read", "operate", "admin"] as const;

  async function tokenWith(scope: TokenScope): Promise<string> {
    const body = { name: `matrix-${scope}`, scopes: [scope] };
    return expectBody(TokenCreated, await call("POST", "/tokens", body), 201).secret;
  }

  /** Status of an operation asked with the credential, and nothing that would make it do anything. */
  async function ask(key: string, authorization: string | undefined): Promise<number> {
    const [method = "", path = ""] = key.split(" ");
    const url = `${ORIGIN}${path.replaceAll(/\{\w+\}/g, "matrix-none")}`;
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (authorization !== undefined) headers.authorization = authorization;
    const body = method === "POST" || method === "PUT" ? "[]" : undefined;
    const response = await exports.default.fetch(url, { method, headers, body });
    await response.arrayBuffer();
    return response.status;
  }

  const asked = Object.entries(OPERATIONS).map(([key, { access }]) => ({ key, access }));
  const withToken = asked.filter((one): one is { key: string; access: TokenScope } => isScope(one.access));

  it.each(asked.filter(({ access }) => access !== "none" && access !== "webhook"))(
    "$key ($access) refuses nobody's, a wrong and a malformed credential",
    async ({ key }) => {
      for (const credential of [undefined, "Bearer wrong", "Bearer ", `Basic ${env.PATCH_ADMIN_TOKEN}`])
        expect([credential, await ask(key, credential)]).toEqual([credential, 401]);
    },
  );

  it("a token may what its scope says, and nothing above it", async () => {
    const tokens = new Map<TokenScope, string>();
    for (const scope of LADDER) tokens.set(scope, await tokenWith(scope));
    for (const { key, access } of withToken) {
      for (const scope of LADDER) {
        // A tick does something when it may, and needs nothing to do it.
        if (key === "POST /tick" && scope !== "read") continue;
        const status = await ask(key, `Bearer ${tokens.get(scope)}`);
        const may = LADDER.indexOf(scope) >= LADDER.indexOf(access);
        expect([key, scope, may ? status !== 403 && status !== 401 : status]).toEqual([key, scope, may ? true : 403]);
      }
    }
  });

  it("an expired and a deleted token are nobody's", async () => {
    const expired = { name: "matrix-expired", scopes: ["admin"], expiresAt: "2020-01-01T00:00:00Z" };
    const deleted = { name: "matrix-deleted", scopes: ["admin"] };
    const secrets = [
      expectBody(TokenCreated, await call("POST", "/tokens", expired), 201).secret,
      expectBody(TokenCreated, await call("POST", "/tokens", deleted), 201).secret,
    ];
    expect((await call("DELETE", "/tokens/matrix-deleted")).status).toBe(204);
    for (const { key } of withToken)
      for (const secret of secrets) expect([key, await ask(key, `Bearer ${secret}`)]).toEqual([key, 401]);
  });
});

function isScope(access: Access): access is TokenScope {
  return access === "read" || access === "operate" || access === "admin";
}
