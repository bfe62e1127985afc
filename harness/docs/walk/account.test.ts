/**
 * The pages about a Cloudflare account, typed in a clone of the project against an account on this machine, where what
 * is uploaded runs.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cloudflare, startCloudflare } from "../../cloudflare/cloudflare.ts";
import { AdminApi } from "../../deployment/admin-api.ts";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { until } from "../../process/until.ts";
import { git } from "../../upstream-life/git.ts";
import { ACCOUNT_STAGINGS } from "./account-staging.ts";
import { type Scene, walk } from "./typing.ts";

const ADMIN_TOKEN = "an-admin-token-of-this-test";

let folder: string;
let clone: string;
let account: Cloudflare;
let api: AdminApi;
let scene: Scene;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "patch-moi-account-"));
  clone = join(folder, "patch.moi");
  await git(folder, ["clone", "--quiet", PROJECT, clone]);
  symlinkSync(join(PROJECT, "node_modules"), join(clone, "node_modules"), "dir");
  // A link is no folder, which is what the project ignores.
  appendFileSync(join(clone, ".git", "info", "exclude"), "node_modules\n");
  mkdirSync(join(folder, "account"));
  account = await startCloudflare(join(folder, "account"), "an-api-token-of-this-test");
  api = new AdminApi(account.workerUrl, ADMIN_TOKEN);
  const env = {
    ...process.env,
    ...account.environment,
    PATCH_URL: account.workerUrl,
    PATCH_ADMIN_TOKEN: ADMIN_TOKEN,
    PATCH_MOI_URL: account.workerUrl,
    PATCH_MOI_TOKEN: ADMIN_TOKEN,
    PATCH_MOI_HOME: join(folder, "home"),
    NO_COLOR: "1",
  };
  const edge = { url: account.workerUrl, adminToken: ADMIN_TOKEN, tick: () => account.cron() };
  scene = { folder, deployment: { edge, env }, stagings: ACCOUNT_STAGINGS, variables: { CLONE: clone } };
});

afterAll(async () => {
  await account?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

it("docs/guides/deploy.md", async () => {
  await walk(scene, "docs/guides/deploy.md");
  expect(await account.cron()).toBe(true);
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const health = await fetch(`${account.workerUrl}/healthz?deep=1`, { headers });
  expect(await health.json()).toMatchObject({ ok: true, degraded: [] });
  expect(account.unknown).toEqual([]);
});

it("docs/guides/credentials.md", async () => {
  await walk(scene, "docs/guides/credentials.md");
  expect(sealingKey()).toMatch(/^2026-11:[\w+/]{43}=$/);
  const listed = await api.send("GET", "/credentials");
  expect(listed.json).toMatchObject({ credentials: [{ name: "github", keyId: "2026-11" }] });
});

it("docs/guides/back-up-and-restore.md: Time Travel", async () => {
  const repository = (name: string) => ({ url: `http://127.0.0.1:1/${name}.git` });
  const stack = { upstream: repository("up"), fork: repository("fork") };
  await api.putStack("kept", { ...stack, branch: "right" });
  const before = await account.keepMoment();
  await api.putStack("kept", { ...stack, branch: "wrong" });
  await api.putStack("later", { ...stack, branch: "main" });
  const release = {
    id: "patch:by-hand:v1.0.0:upstream.release",
    type: "upstream.release",
    payload: { entry: { entryId: "v1.0.0", tag: "v1.0.0" } },
    stackIds: ["kept"],
  };
  await api.send("POST", "/flow-events", release);
  expect((await api.attempts({ stackId: "kept" })).map(({ id }) => id)).toEqual(["kept.1"]);
  const variables = { ...scene.variables, BEFORE: before.toISOString() };
  await walk({ ...scene, variables }, "docs/guides/back-up-and-restore.md");
  expect((await api.stack("kept")).branch).toBe("right");
  expect((await api.send("GET", "/stacks/later")).status).toBe(404);
  expect(await api.attempts({ stackId: "kept" })).toEqual([]);
  // The object, which was never stopped, works with what is on the record now.
  await api.send("POST", "/flow-events", release);
  expect((await api.attempts({ stackId: "kept" })).map(({ id }) => id)).toEqual(["kept.1"]);
  expect(await account.cron()).toBe(true);
  expect((await api.send("POST", "/stacks/kept/pause", {})).status).toBe(200);
  expect((await api.stack("kept")).branch).toBe("right");
});

it("docs/guides/upgrade.md", async () => {
  const key = sealingKey();
  const before = await git(clone, ["rev-parse", "HEAD"]);
  await walk(scene, "docs/guides/upgrade.md");
  expect(await git(clone, ["describe", "--exact-match"])).toMatch(/^v\d+\.\d+\.0$/);
  expect(await git(clone, ["rev-parse", "HEAD^"])).toBe(before);
  // What was set by hand stays.
  expect(sealingKey()).toBe(key);
});

it("docs/guides/watch-a-deployment.md: the log of a deployment in an account", async () => {
  await walk(scene, "docs/guides/watch-a-deployment.md");
  expect(account.changes.filter((call) => call.endsWith("/patch-moi-staging/tails"))).toHaveLength(1);
  await until("the tail to be ended", () => account.tails.size === 0 || undefined);
  expect(account.unknown).toEqual([]);
});

function sealingKey(): string | undefined {
  return account.secrets.get("patch-moi")?.get("PATCH_CREDENTIALS_KEYS");
}
