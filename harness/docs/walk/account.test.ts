/**
 * The pages about a Cloudflare account, typed in a clone of the project against an account on this machine, where what
 * is uploaded runs.
 */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cloudflare, startCloudflare } from "../../cloudflare/cloudflare.ts";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { git } from "../../upstream-life/git.ts";
import { ACCOUNT_STAGINGS } from "./account-staging.ts";
import { type Scene, walk } from "./typing.ts";

const ADMIN_TOKEN = "an-admin-token-of-this-test";

let folder: string;
let clone: string;
let account: Cloudflare;
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

it("docs/guides/upgrade.md", async () => {
  const before = await git(clone, ["rev-parse", "HEAD"]);
  await walk(scene, "docs/guides/upgrade.md");
  expect(await git(clone, ["describe", "--exact-match"])).toMatch(/^v\d+\.\d+\.0$/);
  expect(await git(clone, ["rev-parse", "HEAD^"])).toBe(before);
});
