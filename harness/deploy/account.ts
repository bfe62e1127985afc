/**
 * The Cloudflare account, asked and changed by wrangler and by nothing else: whoever can run wrangler can deploy.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { PROJECT, WRANGLER } from "../local-edge/wrangler.ts";
import { DeployFailure } from "./deploy-failure.ts";

/** One command of wrangler at most, milliseconds: an upload over a slow line takes its time. */
const PATIENCE_MS = 5 * 60_000;

const Databases = z.array(z.looseObject({ uuid: z.string(), name: z.string() }));
const SecretNames = z.array(z.looseObject({ name: z.string() }));

/** A line of wrangler's own report about what it did (`WRANGLER_OUTPUT_FILE_PATH`). */
const Deployed = z.looseObject({ type: z.literal("deploy"), targets: z.array(z.string()).optional() });

export type Account = {
  /** Id of the database with this id, else of that name; undefined when the account has neither. */
  findDatabase(name: string, id?: string): Promise<string | undefined>;
  createDatabase(name: string): Promise<void>;
  hasQueue(name: string): Promise<boolean>;
  createQueue(name: string): Promise<void>;
  /** Applies what is missing; says how many migrations that were. */
  migrate(config: string, binding: string): Promise<number>;
  /** Names of the Worker's secrets; none when there is no Worker yet. */
  secretNames(worker: string): Promise<ReadonlySet<string>>;
  /** Adds or replaces secrets of a Worker that is there. */
  putSecrets(worker: string, secrets: Readonly<Record<string, string>>): Promise<void>;
  /** Uploads the Worker together with `secrets`; answers the addresses it got. */
  upload(config: string, secrets: Readonly<Record<string, string>>): Promise<readonly string[]>;
  /** Builds everything that would be uploaded, and uploads nothing. Needs no account. */
  build(config: string): Promise<void>;
};

export function openAccount(environment: NodeJS.ProcessEnv): Account {
  const run = (args: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Ran> =>
    runWrangler(args, { ...environment, ...extra });
  /** Runs what has to succeed. */
  const must = async (args: readonly string[], extra?: NodeJS.ProcessEnv): Promise<string> => {
    const ran = await run(args, extra);
    if (ran.code !== 0) throw failure(args, ran);
    return ran.stdout;
  };

  return {
    async findDatabase(name, id) {
      const list = parsed(Databases, await must(["d1", "list", "--json"]), "wrangler d1 list");
      return (list.find(({ uuid }) => uuid === id) ?? list.find((database) => database.name === name))?.uuid;
    },
    async createDatabase(name) {
      await must(["d1", "create", name]);
    },
    async hasQueue(name) {
      const args = ["queues", "info", name];
      const ran = await run(args);
      if (ran.code === 0) return true;
      if (/does not exist/.test(ran.stderr)) return false;
      throw failure(args, ran);
    },
    async createQueue(name) {
      await must(["queues", "create", name]);
    },
    async migrate(config, binding) {
      const said = await must(["d1", "migrations", "apply", binding, "--remote", "--config", config]);
      // wrangler prints the whole list once more after each of them; only the names that it ticked off count.
      return new Set(said.match(/\d{4}_\S+\.sql(?=.*✅)/g)).size;
    },
    async secretNames(worker) {
      const args = ["secret", "list", "--name", worker, "--format", "json"];
      const ran = await run(args);
      // Only these words mean that there is no Worker: secrets that are taken for missing would be made anew, and
      // everything that was derived from the old ones would be worthless.
      if (ran.code !== 0 && ran.stderr.includes(`Worker "${worker}" not found`)) return new Set();
      if (ran.code !== 0) throw failure(args, ran);
      return new Set(parsed(SecretNames, ran.stdout, "wrangler secret list").map(({ name }) => name));
    },
    async putSecrets(worker, secrets) {
      await withFolder(async (folder) => {
        await must(["secret", "bulk", secretsFile(folder, secrets), "--name", worker]);
      });
    },
    upload: (config, secrets) =>
      withFolder(async (folder) => {
        const report = join(folder, "report.ndjson");
        const args = ["deploy", "--config", config];
        if (Object.keys(secrets).length > 0) args.push("--secrets-file", secretsFile(folder, secrets));
        await must(args, { WRANGLER_OUTPUT_FILE_PATH: report });
        const lines = readFileSync(report, "utf8").trim().split("\n");
        return lines.flatMap((line) => {
          const entry = Deployed.safeParse(JSON.parse(line));
          return entry.success ? (entry.data.targets ?? []) : [];
        });
      }),
    async build(config) {
      await must(["deploy", "--dry-run", "--config", config]);
    },
  };
}

type Ran = { code: number; stdout: string; stderr: string };

function runWrangler(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Ran> {
  const env = {
    ...environment,
    // It must never wait for an answer that nobody types.
    CI: "1",
    FORCE_COLOR: "0",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
  };
  return new Promise((resolve) => {
    const options = { cwd: PROJECT, env, timeout: PATIENCE_MS, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [WRANGLER, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      const late = error?.killed === true ? `\nit took longer than ${PATIENCE_MS / 60_000} minutes` : "";
      resolve({ code, stdout: stripVTControlCharacters(stdout), stderr: stripVTControlCharacters(stderr) + late });
    });
  });
}

/** What went wrong, in wrangler's own words, and what to do about the usual ones. */
function failure(args: readonly string[], { stdout, stderr }: Ran): DeployFailure {
  const words = `${stderr}\n${stdout}`;
  if (
    /CLOUDFLARE_API_TOKEN|not (?:logged in|authenticated)|Authentication (?:error|failed)|code: 10000|code: 9109/i.test(
      words,
    )
  )
    return new DeployFailure(
      "not_signed_in",
      "Cloudflare does not know us: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token that may edit Workers, D1 and Queues",
    );
  if (/more than one account/i.test(words))
    return new DeployFailure(
      "several_accounts",
      "there is more than one Cloudflare account: set CLOUDFLARE_ACCOUNT_ID to the one that is meant (`npx wrangler whoami` lists them)",
    );
  const said = words
    .split("\n")
    .map((line) => line.replace(/^.*\[ERROR\]|^✘ /, "").trim())
    .filter((line) => line !== "" && !/^🪵|^If you think this is a bug/.test(line))
    .slice(0, 4)
    .join(" ");
  return new DeployFailure("cloudflare_refused", `wrangler ${args.slice(0, 2).join(" ")}: ${said}`);
}

function parsed<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DeployFailure("wrangler_answer", `${what} did not answer with JSON: ${text.slice(0, 200)}`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new DeployFailure("wrangler_answer", `${what}: ${z.prettifyError(result.error)}`);
  return result.data;
}

/** A file, so that no secret shows in the process list. */
function secretsFile(folder: string, secrets: Readonly<Record<string, string>>): string {
  const file = join(folder, "secrets.json");
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return file;
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-deploy-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
