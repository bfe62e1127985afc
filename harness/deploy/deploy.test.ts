import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloudflare, startCloudflare } from "../cloudflare/cloudflare.ts";
import { openAccount } from "./account.ts";
import { type Deployment, deploy } from "./deploy.ts";
import { DeployFailure } from "./deploy-failure.ts";
import { readEnvironment } from "./environment.ts";

describe("deploy", () => {
  let folder: string;
  let cloudflare: Cloudflare;
  const token = "an-api-token-of-this-test";
  const said: string[] = [];
  const run = (environment: string, given: NodeJS.ProcessEnv = {}): Promise<Deployment> => {
    const env = { ...process.env, ...cloudflare.environment, PATCH_URL: cloudflare.workerUrl, ...given };
    return deploy(readEnvironment(environment), openAccount(env), env, (what, words) => said.push(`${what}: ${words}`));
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "patch-moi-cloudflare-"));
    cloudflare = await startCloudflare(folder, token);
  });

  afterAll(async () => {
    await cloudflare[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes an empty account to a deployment that answers, and changes nothing but the Worker the second time", async () => {
    const first = await run("production");
    expect(first.url).toBe(cloudflare.workerUrl);
    expect(first.database.created).toBe(true);
    expect(first.queues).toEqual([
      { name: "patch-moi-polls-dead", created: true },
      { name: "patch-moi-polls", created: true },
    ]);
    expect(first.migrations).toBeGreaterThan(9);
    expect(Object.keys(first.made).sort()).toEqual([
      "PATCH_ADMIN_TOKEN",
      "PATCH_CREDENTIALS_KEYS",
      "PATCH_SIGNING_KEY",
    ]);
    const stored = Object.fromEntries(cloudflare.secrets.get("patch-moi") ?? []);
    expect(stored).toEqual({ ...first.made, PATCH_URL: cloudflare.workerUrl });
    // The real Worker said so, on the database that the migrations were applied to.
    expect(first.health?.healthy).toEqual(expect.arrayContaining(["database", "migrations", "secrets"]));
    expect(first.health?.degraded?.map(({ what }) => what)).toEqual(["cron"]);
    expect(JSON.stringify(cloudflare.schedules.get("patch-moi"))).toContain("* * * * *");
    expect(cloudflare.assets.get("patch-moi")).toEqual(
      expect.arrayContaining(["/docs/index.html", "/docs/guides/deploy.html"]),
    );
    for (const secret of Object.values(first.made)) expect(said.join("\n")).not.toContain(secret);

    cloudflare.changes.length = 0;
    const again = await run("production");
    expect(again.database).toEqual({ ...first.database, created: false });
    expect(again.queues.every(({ created }) => !created)).toBe(true);
    expect(again.migrations).toBe(0);
    expect(again.made).toEqual({});
    expect(again.secrets).toMatchObject({ PATCH_ADMIN_TOKEN: "kept", PATCH_SIGNING_KEY: "kept", PATCH_URL: "given" });
    expect(again.health).toBeNull();
    const made = cloudflare.changes.filter((call) => /POST \/(d1\/database|queues)$/.test(call));
    expect(made).toEqual([]);
    expect(cloudflare.unknown).toEqual([]);
  });

  it("gives another environment a Worker, a database and queues of its own", async () => {
    const staging = await run("staging", { PATCH_ADMIN_TOKEN: "an-admin-token-of-this-test" });
    expect(staging.worker).toBe("patch-moi-staging");
    expect(staging.database.name).toBe("patch-moi-staging");
    expect(staging.secrets.PATCH_ADMIN_TOKEN).toBe("given");
    expect(Object.keys(staging.made)).not.toContain("PATCH_ADMIN_TOKEN");
    expect(cloudflare.queues.map(({ queue_name }) => queue_name)).toContain("patch-moi-polls-staging");
  });

  it("says what to do when Cloudflare does not know us", async () => {
    const failed = await run("production", { CLOUDFLARE_API_TOKEN: "another" }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(DeployFailure);
    expect(failed).toMatchObject({ code: "not_signed_in" });
  });

  it("makes no secret anew because Cloudflare cannot say which there are", async () => {
    const before = Object.fromEntries(cloudflare.secrets.get("patch-moi") ?? []);
    expect(Object.keys(before)).toContain("PATCH_SIGNING_KEY");
    const fault = { status: 404, code: 7003, message: "The account was not found" };
    cloudflare.faults.set("GET /workers/scripts/patch-moi/secrets", fault);
    const failed = await run("production").catch((error: unknown) => error);
    cloudflare.faults.clear();
    expect(failed).toMatchObject({ code: "cloudflare_refused" });
    expect(String(failed)).toContain("account was not found");
    expect(Object.fromEntries(cloudflare.secrets.get("patch-moi") ?? [])).toEqual(before);
  });

  it("refuses a secret that the Worker could not use before it uploads anything", async () => {
    cloudflare.changes.length = 0;
    const failed = await run("production", { PATCH_SIGNING_KEY: "short" }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "bad_secret", exitCode: 2 });
    expect(String(failed)).not.toContain("'short'");
    expect(cloudflare.changes).toEqual([]);
  });
});

describe("environments", () => {
  it("share nothing that holds records", () => {
    const names = (name: string): string[] => {
      const environment = readEnvironment(name);
      return [environment.worker, environment.database, ...environment.queues];
    };
    const production = names("production");
    expect(names("staging").filter((name) => production.includes(name))).toEqual([]);
  });

  it("are the same in all else", () => {
    const rest = (name: string): unknown => {
      const { name: _, d1_databases: __, queues, ...same } = readEnvironment(name).config();
      const [consumer] = queues.consumers;
      return { ...same, batch: consumer?.max_batch_size, retries: consumer?.max_retries };
    };
    expect(rest("staging")).toEqual(rest("production"));
  });

  it.each(["", "Staging", "a b", "../x", "-a", "a".repeat(33)])("cannot be named %j", (name) => {
    expect(() => readEnvironment(name)).toThrow(DeployFailure);
  });
});
