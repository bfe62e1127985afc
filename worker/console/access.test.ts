/**
 * The console behind Cloudflare Access: a person of this application, or nobody.
 */
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, expect, it } from "vitest";
import { attemptDetail, declareStack, postRelease } from "../../harness/edge/client.ts";
import { createApp } from "../app.ts";
import { openDatabase } from "../store/database.ts";
import { issuerKeys } from "../store/schema.ts";

const TEAM = "https://office.cloudflareaccess.com";
const AUDIENCE = "0f".repeat(32);
const ORIGIN = "https://patch.test";

const app = createApp();
let sign: (claims: JWTPayload, header?: { kid?: string; alg?: string }) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const { n, e } = await exportJWK(publicKey);
  const at = new Date().toISOString();
  const keys = { keys: [{ kty: "RSA", kid: "one", n, e }] };
  await openDatabase(env.DB).insert(issuerKeys).values({ issuer: TEAM, keys, triedAt: at, fetchedAt: at });
  sign = (claims, header = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "one", ...header }).sign(privateKey);
});

function person(over: JWTPayload = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1000);
  return { iss: TEAM, aud: [AUDIENCE], sub: "u-1", email: "Mona@office.example", iat: now, exp: now + 600, ...over };
}

async function ask(
  path: string,
  assertion: string,
  init: RequestInit = {},
  scope = "operate",
): Promise<{ status: number; html: string; location: string | null }> {
  const headers = { ...(init.headers as Record<string, string>), "cf-access-jwt-assertion": assertion };
  const access = { PATCH_ACCESS_TEAM: TEAM, PATCH_ACCESS_AUDIENCE: AUDIENCE, PATCH_ACCESS_SCOPE: scope };
  const request = new Request(`${ORIGIN}${path}`, { ...init, headers });
  const response = await app.fetch(request, { ...env, ...access });
  return { status: response.status, html: await response.text(), location: response.headers.get("location") };
}

it("lets a person of this application in, and their acts stand under their address", async () => {
  await declareStack("behind-access");
  await postRelease("behind-access", "v1.0.0");
  const assertion = await sign(person());
  const path = "/console/attempts/behind-access.1";
  const { status, html } = await ask(path, assertion);
  expect([status, html.includes("mona@office.example")]).toEqual([200, true]);
  const csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
  const form = (fields: Record<string, string>): RequestInit => ({
    method: "POST",
    headers: { origin: ORIGIN },
    body: new URLSearchParams(fields),
  });
  expect((await ask(`${path}/cancel`, assertion, form({}))).status).toBe(403);
  const other = await sign(person({ sub: "u-2" }));
  expect((await ask(`${path}/cancel`, other, form({ csrf }))).status).toBe(403);
  expect((await ask(`${path}/cancel`, assertion, form({ csrf }), "read")).status).toBe(403);
  expect((await ask(`${path}/cancel`, assertion, form({ csrf }))).status).toBe(303);
  const { timeline } = await attemptDetail("behind-access.1");
  expect(timeline.at(-1)?.actor).toBe("operator:mona@office.example");
  expect((await ask("/console/logout", assertion, form({ csrf }))).location).toBe("/cdn-cgi/access/logout");
});

it("lets nobody else in", async () => {
  const now = Math.floor(Date.now() / 1000);
  const stranger = await generateKeyPair("RS256");
  const good = await sign(person());
  const bad = [
    await sign(person({ aud: ["another"] })),
    await sign(person({ aud: [AUDIENCE, "another"] })),
    await sign(person({ iss: "https://other.cloudflareaccess.com" })),
    await sign(person({ exp: now - 120 })),
    await sign(person({ exp: undefined })),
    await sign(person({ email: undefined })),
    await new SignJWT(person()).setProtectedHeader({ alg: "RS256", kid: "one" }).sign(stranger.privateKey),
    await new SignJWT(person())
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .sign(new TextEncoder().encode("x".repeat(32))),
    `${btoa('{"alg":"none","kid":"one"}').replace(/=+$/, "")}.${good.split(".")[1]}.`,
    `${good.slice(0, -4)}AAAA`,
    "x",
  ];
  for (const assertion of bad) expect([assertion, (await ask("/console", assertion)).status]).toEqual([assertion, 401]);
});

it("means nothing where the deployment has no Access", async () => {
  const headers = { "cf-access-jwt-assertion": await sign(person()) };
  const response = await app.fetch(new Request(`${ORIGIN}/console`, { headers }), env);
  expect(response.status).toBe(303);
});
