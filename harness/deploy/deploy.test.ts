import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv, promisify } from "node:util";
import { parse } from "smol-toml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Cloudflare, startCloudflare } from "../cloudflare/cloudflare.ts";
import { PROJECT } from "../local-edge/wrangler.ts";
import { openAccount } from "./account.ts";
import { type Deployment, deploy } from "./deploy.ts";
import { DeployFailure } from "./deploy-failure.ts";
import { readEnvironment, writeConfig } from "./environment.ts";
import { describeMade, mayShow } from "./made-secrets.ts";
import { planSecrets } from "./secrets.ts";

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
    expect(first.queues).toEqual([{ name: "patch-moi-polls", created: true }]);
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

  it("prints no secret that it made into a build's log, and says how to come by one", async () => {
    const env = { ...process.env, ...cloudflare.environment, PATCH_URL: cloudflare.workerUrl, WORKERS_CI: "1" };
    const main = join(PROJECT, "harness", "deploy", "main.ts");
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, "--env", "staging"], { env });
    const made = [...(cloudflare.secrets.get("patch-moi-staging") ?? [])].filter(([name]) => name !== "PATCH_URL");
    expect(made.map(([name]) => name).sort()).toEqual([
      "PATCH_ADMIN_TOKEN",
      "PATCH_CREDENTIALS_KEYS",
      "PATCH_SIGNING_KEY",
    ]);
    for (const [, value] of made) expect(stdout + stderr).not.toContain(value);
    expect(stdout).toContain("npx wrangler secret put PATCH_ADMIN_TOKEN --name patch-moi-staging");
  });

  it("gives another environment a Worker, a database and a queue of its own", async () => {
    const staging = await run("staging", { PATCH_ADMIN_TOKEN: "an-admin-token-of-this-test" });
    expect(staging.worker).toBe("patch-moi-staging");
    expect(staging.database.name).toBe("patch-moi-staging");
    expect(staging.secrets.PATCH_ADMIN_TOKEN).toBe("given");
    expect(Object.keys(staging.made)).not.toContain("PATCH_ADMIN_TOKEN");
    expect(cloudflare.queues.map(({ queue_name }) => queue_name)).toContain("patch-moi-polls-staging");
  });

  it("takes the database that wrangler.toml names, whatever it is called", async () => {
    const account = openAccount({ ...process.env, ...cloudflare.environment });
    const id = await account.findDatabase("patch-moi", "an-id-of-another-account");
    expect(id).toBeDefined();
    expect(await account.findDatabase("renamed", id)).toBe(id);
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

describe("secrets that were made", () => {
  it.each([
    { isTerminal: true, environment: {}, asked: false, may: true },
    { isTerminal: true, environment: { CI: "false" }, asked: false, may: true },
    { isTerminal: true, environment: { CI: "true" }, asked: false, may: false },
    { isTerminal: true, environment: { WORKERS_CI: "1" }, asked: false, may: false },
    { isTerminal: false, environment: {}, asked: false, may: false },
    { isTerminal: false, environment: { CI: "true" }, asked: true, may: true },
  ])("are printed only where nobody keeps them: %j", ({ may, ...output }) => {
    expect(mayShow(output)).toBe(may);
    const made = { PATCH_ADMIN_TOKEN: "the-value" };
    expect(describeMade(made, "patch-moi", mayShow(output)).join("\n").includes("the-value")).toBe(may);
  });

  it("need no word where none was made, nor one of a token that somebody gave", () => {
    expect(describeMade({}, "patch-moi", false)).toEqual([]);
    expect(describeMade({ PATCH_SIGNING_KEY: "x" }, "patch-moi", false).join("\n")).not.toContain("PATCH_ADMIN_TOKEN");
  });
});

/** What Cloudflare reads of the repository before anybody runs anything of it. */
describe("the Deploy to Cloudflare button", () => {
  const { scripts, cloudflare } = z
    .object({
      scripts: z.record(z.string(), z.string()),
      cloudflare: z.object({ bindings: z.record(z.string(), z.strictObject({ description: z.string().min(10) })) }),
    })
    .parse(JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")));
  const asked = parseEnv(readFileSync(join(PROJECT, ".dev.vars.example"), "utf8"));

  it("finds a command that deploys, and none that would build something else first", () => {
    expect(scripts.deploy).toBe("node harness/deploy/main.ts");
    expect(scripts.build).toBeUndefined();
  });

  it("asks for secrets that the deployment knows, proposes a value for none, and finds the file in the repository", () => {
    expect(Object.keys(asked)).toEqual(["PATCH_ADMIN_TOKEN"]);
    for (const name of Object.keys(asked)) expect(Object.keys(planSecrets(new Set(), {}).origin)).toContain(name);
    // A value that stands in public would be deployed as it is.
    expect(Object.values(asked).filter((value) => value !== "")).toEqual([]);
    const ignored = spawnSync("git", ["check-ignore", "--no-index", ".dev.vars.example", ".dev.vars"], {
      cwd: PROJECT,
    });
    expect(String(ignored.stdout).trim()).toBe(".dev.vars");
  });

  it("says of each binding, variable and secret what it is for, and of nothing else", () => {
    const config = parse(readFileSync(join(PROJECT, "wrangler.toml"), "utf8"));
    const { d1_databases, durable_objects, queues, ratelimits, vars } = z
      .object({
        d1_databases: z.array(Bound.extend({ database_name: z.string().min(1), database_id: z.uuid() })),
        durable_objects: z.object({ bindings: z.array(z.object({ name: z.string() })) }),
        queues: z.object({ producers: z.array(Bound.extend({ queue: z.string().min(1) })) }),
        ratelimits: z.array(z.object({ name: z.string() })),
        vars: z.record(z.string(), z.string()),
      })
      .parse(config);
    const named = [
      ...[...d1_databases, ...queues.producers].map(({ binding }) => binding),
      ...[...durable_objects.bindings, ...ratelimits].map(({ name }) => name),
      ...Object.keys({ ...vars, ...asked }),
    ];
    expect(Object.keys(cloudflare.bindings).sort()).toEqual(named.sort());
  });
});

const Bound = z.object({ binding: z.string() });

describe("environments", () => {
  it("share nothing that holds records", () => {
    const names = (name: string): string[] => {
      const environment = readEnvironment(name);
      return [environment.worker, environment.database, ...environment.queues];
    };
    const production = names("production");
    expect(names("staging").filter((name) => production.includes(name))).toEqual([]);
  });

  it("keep the file that names their database when something is only built", () => {
    const project = mkdtempSync(join(tmpdir(), "patch-moi-environment-"));
    try {
      const written = writeConfig(readEnvironment("production"), "an-id-of-an-account", project);
      expect(written).toBe(join(project, ".patch-moi", "deploy", "production.json"));
      const built = writeConfig(readEnvironment("production"), undefined, project);
      expect(readFileSync(written, "utf8")).toContain("an-id-of-an-account");
      expect(readFileSync(built, "utf8")).not.toContain("an-id-of-an-account");
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  });

  it("say what in wrangler.toml is not as this version needs it", () => {
    const project = mkdtempSync(join(tmpdir(), "patch-moi-environment-"));
    try {
      const own = readFileSync(join(PROJECT, "wrangler.toml"), "utf8");
      const text = own.replace(/^max_batch_size = .*$/m, '$&\ndead_letter_queue = "patch-moi-polls-dead"');
      writeFileSync(join(project, "wrangler.toml"), text.replace(/^main = .*$/m, "main = 7"));
      const file = join(project, "wrangler.toml");
      expect(() => readEnvironment("production", project)).toThrow(
        `${file}: main: must be text, not a number; queues.consumers.0.dead_letter_queue: is not taken here; compare it`,
      );
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
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
