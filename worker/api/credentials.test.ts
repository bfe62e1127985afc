/**
 * Credentials go in and never come out: not by the API, not in the record, not in a log line.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { call, expectBody } from "../../harness/edge/client.ts";
import { createApp } from "../app.ts";
import { openCredential } from "../auth/credential.ts";
import { Credential, Resealed } from "../contract/credential.ts";
import { ErrorBody } from "../contract/error.ts";
import { readSettings } from "../platform/settings.ts";
import { openDatabase } from "../store/database.ts";

const CANARY = "canary-4f1d-never-to-be-seen";
const HEADERS = { authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}`, "content-type": "application/json" };

let printed: string[];
beforeEach(() => {
  printed = [];
  for (const method of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, method).mockImplementation((...line: unknown[]) => {
      printed.push(line.map(String).join(" "));
    });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function add(name: string, more: object = {}) {
  return call("POST", "/credentials", { name, kind: "github-token", host: "github.com", value: CANARY, ...more });
}

/** The app with other settings. */
async function ask(method: string, path: string, settings: object, body?: unknown) {
  const init = { method, headers: HEADERS, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await createApp().fetch(new Request(`https://patch.test${path}`, init), { ...env, ...settings });
  return { status: response.status, body: (await response.json()) as unknown };
}

async function wholeRecord(): Promise<string> {
  const tables = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
  ).all();
  const rows: unknown[] = [];
  for (const { name } of z.array(z.object({ name: z.string() })).parse(tables.results))
    rows.push((await env.DB.prepare(`SELECT * FROM "${name}"`).all()).results);
  return JSON.stringify(rows);
}

describe("credentials", () => {
  it("are kept, listed, opened for their host and deleted, and their values are seen nowhere", async () => {
    const key = { "idempotency-key": "canary" };
    const body = { name: "canary", kind: "github-token", host: "github.com", value: CANARY };
    const answers = [
      await call("POST", "/credentials", body, key),
      await call("POST", "/credentials", body, key),
      await add("canary"),
      await add("canary-2", { kind: "nonsense" }),
      await add("canary-3", { host: "GitHub.com" }),
      await add("canary-4", { kind: "github-app", appId: "12" }),
      await add("canary-5", { value: `${CANARY} ${CANARY}` }),
      await add("canary-6", { vale: CANARY }),
      await add(CANARY.toUpperCase()),
      await call("GET", "/credentials"),
      await call("GET", "/openapi.json"),
      await call("GET", "/credentials/canary"),
    ];
    expect(answers.slice(0, 9).map(({ status }) => status)).toEqual([201, 201, 409, 400, 400, 400, 400, 400, 400]);
    const { credentials } = expectBody(z.object({ credentials: z.array(Credential) }), answers[9] ?? fail());
    expect(credentials).toMatchObject([{ name: "canary", kind: "github-token", host: "github.com", keyId: "test" }]);
    expect(JSON.stringify(answers.map((a) => [a.body, [...a.headers]]))).not.toContain(CANARY);
    expect(await wholeRecord()).not.toContain(CANARY);
    const db = openDatabase(env.DB);
    const wanted = { host: "github.com", kinds: ["github-token"] as const };
    expect(await openCredential(db, readSettings(env), wanted)).toMatchObject({ ok: true, value: { value: CANARY } });
    expect((await call("DELETE", "/credentials/canary")).status).toBe(204);
    expect((await call("DELETE", "/credentials/canary")).status).toBe(404);
    expect(printed.length).toBeGreaterThan(0);
    expect(printed.join("\n")).not.toContain(CANARY);
  });

  it("are given for the host and kind they were made for only, and never by guess", async () => {
    const db = openDatabase(env.DB);
    const open = (host: string, name?: string) =>
      openCredential(db, readSettings(env), { host, kinds: ["forgejo-token"], name });
    const forge = { kind: "forgejo-token", host: "git.one.org" };
    await add("one", forge);
    expect(await open("git.one.org")).toMatchObject({ ok: true, value: { name: "one" } });
    for (const host of ["git.one.org:8443", "git.one.org.evil.org", "two.org"]) {
      expect(await open(host)).toMatchObject({ failure: { code: "no_credential" } });
      expect(await open(host, "one")).toMatchObject({ failure: { code: "wrong_credential" } });
    }
    await add("another", forge);
    expect(await open("git.one.org")).toMatchObject({ failure: { code: "several_credentials" } });
    expect(await open("git.one.org", "another")).toMatchObject({ ok: true });
    // Whoever can write to the database still cannot send the token elsewhere.
    await env.DB.prepare("UPDATE credentials SET host = 'evil.org' WHERE name = 'one'").run();
    expect(await open("evil.org", "one")).toMatchObject({ failure: { code: "sealed_credential" } });
  });

  it("are sealed anew when the deployment's key changes, and those whose key is gone are named", async () => {
    const [k1, k2, k3] = ["1", "2", "3"].map((c) => `k${c}:${btoa(c.repeat(32))}`);
    const with1 = { PATCH_CREDENTIALS_KEYS: k1 };
    const body = { name: "turned", kind: "gitlab-token", host: "gitlab.com", value: CANARY };
    expect((await ask("POST", "/credentials", with1, body)).status).toBe(201);
    await env.DB.prepare("DELETE FROM credentials WHERE name <> 'turned'").run();
    const turned = await ask("POST", "/credentials/reseal", { PATCH_CREDENTIALS_KEYS: `${k2},${k1}` });
    expect(Resealed.parse(turned.body)).toEqual({ keyId: "k2", resealed: ["turned"], unreadable: [] });
    const db = openDatabase(env.DB);
    const settings = readSettings({ PATCH_CREDENTIALS_KEYS: k2 });
    const wanted = { host: "gitlab.com", kinds: ["gitlab-token"] as const };
    expect(await openCredential(db, settings, wanted)).toMatchObject({ ok: true, value: { value: CANARY } });
    const lost = await ask("POST", "/credentials/reseal", { PATCH_CREDENTIALS_KEYS: k3 });
    expect(Resealed.parse(lost.body)).toEqual({ keyId: "k3", resealed: [], unreadable: ["turned"] });
  });

  it("cannot be kept without a key, and only tokens of the scope admin may see them", async () => {
    const body = { name: "x", kind: "gitlab-token", host: "gitlab.com", value: CANARY };
    const without = await ask("POST", "/credentials", { PATCH_CREDENTIALS_KEYS: "" }, body);
    expect([without.status, ErrorBody.parse(without.body).error.code]).toEqual([503, "not_configured"]);
    const made = await call("POST", "/tokens", { name: "operator-only", scopes: ["operate"] });
    const authorization = `Bearer ${z.object({ secret: z.string() }).parse(made.body).secret}`;
    for (const method of ["GET", "POST"])
      expect((await call(method, "/credentials", method === "GET" ? undefined : body, { authorization })).status).toBe(
        403,
      );
  });
});

function fail(): never {
  throw new Error("there is no such answer");
}
